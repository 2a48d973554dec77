-- What the lifecycle block of an object says that outlives the plan, as JSON; NULL: nothing.
ALTER TABLE objects ADD COLUMN lifecycle TEXT;
