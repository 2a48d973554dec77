-- What happens in the shop on the day from :start to :end. The same day gives the same rows, however often it is run.

CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS customers (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL,
  city  TEXT NOT NULL,
  email TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS orders (
  id        INTEGER PRIMARY KEY,
  customer  INTEGER NOT NULL,
  product   INTEGER NOT NULL,
  placed_at TEXT NOT NULL
);

INSERT OR REPLACE INTO products (id, name, price)
VALUES (1, 'teapot', 2490), (2, 'cup', 690), (3, 'tin of tea', 1250), (4, 'spoon', 350);

-- Twenty customers to begin with, and three more each day.
INSERT OR IGNORE INTO customers (id, name, city, email)
WITH RECURSIVE number(id) AS (
  SELECT 1
  UNION ALL
  SELECT id + 1 FROM number WHERE id < 20 + 3 * (julianday(:end) - julianday('2025-06-01'))
)
SELECT
  id,
  'customer ' || id,
  CASE id % 3 WHEN 0 THEN 'Hamburg' WHEN 1 THEN 'Lyon' ELSE 'Porto' END,
  'customer' || id || '@example.com'
FROM number;

-- Forty orders a day, one every 36 minutes.
DELETE FROM orders WHERE placed_at >= :start AND placed_at < :end;

INSERT INTO orders (customer, product, placed_at)
WITH RECURSIVE number(n) AS (
  SELECT 0
  UNION ALL
  SELECT n + 1 FROM number WHERE n < 39
)
SELECT
  (n * 7919 + CAST(julianday(:start) AS INTEGER)) % 20 + 1,
  (n * 104729 + CAST(julianday(:start) AS INTEGER)) % 4 + 1,
  datetime(:start, '+' || (n * 36) || ' minutes')
FROM number;
