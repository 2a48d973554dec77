-- What an apply was, and the digest of the saved plan that it carried out.
ALTER TABLE applies ADD COLUMN operation TEXT NOT NULL DEFAULT 'apply';
ALTER TABLE applies ADD COLUMN plan_hash TEXT;
