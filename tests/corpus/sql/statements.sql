COPY (SELECT * FROM trips) TO 's3://x/y' STORED AS PARQUET
COPY trips TO '/tmp/x.csv'
CREATE DATABASE x
CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'
CREATE FUNCTION f(INT) RETURNS INT RETURN 1
CREATE INDEX x ON trips (trip_id)
CREATE SCHEMA x
CREATE TABLE x (a INT)
CREATE TABLE x AS SELECT * FROM trips
CREATE VIEW x AS SELECT * FROM trips
EXPLAIN ANALYZE SELECT * FROM trips
EXPLAIN ANALYZE VERBOSE SELECT * FROM trips
EXPLAIN EXPLAIN SELECT * FROM trips
EXPLAIN FORMAT TREE SELECT * FROM trips
EXPLAIN INSERT INTO trips VALUES (1)
EXPLAIN SELECT * FROM trips
EXPLAIN SHOW TABLES
EXPLAIN VERBOSE SELECT * FROM trips
EXPLAIN tells `{word}`: {text}
EXPLAIN: the plan over V
FROM trips
INSERT INTO trips SELECT * FROM trips
INSERT INTO trips VALUES (1)
SELECT "Notes" FROM trips
SELECT "notes" FROM trips
SELECT $$x$$; SELECT 1
SELECT 'x
SELECT (SELECT count(*) FROM trips) - count(*) FROM trips
SELECT (SELECT max(started_at) FROM trips) FROM trips
SELECT (SELECT trip_id FROM trips)
SELECT * EXCEPT (trip_id) FROM trips WHERE notes = 'x'
SELECT * FROM "/etc/passwd"
SELECT * FROM "trips.cube"
SELECT * FROM '/etc/passwd'
SELECT * FROM 'data/x.csv'
SELECT * FROM 'https://example.org/x.csv'
SELECT * FROM TABLE(generate_series(1, 2))
SELECT * FROM cells_b
SELECT * FROM datafusion.information_schema.tables
SELECT * FROM datafusion.public.trips
SELECT * FROM generate_series(1, 1000000000000)
SELECT * FROM information_schema.columns
SELECT * FROM information_schema.df_settings
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.views
SELECT * FROM lindau.trips
SELECT * FROM other.public.trips
SELECT * FROM parquet_metadata('x')
SELECT * FROM pg_catalog.pg_class
SELECT * FROM public.trips
SELECT * FROM range(1, 1000000000000)
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_parquet('state/*.parquet')
SELECT * FROM sqlite_master
SELECT * FROM trips
SELECT * FROM trips EXCEPT SELECT * FROM trips WHERE district = 'A'
SELECT * FROM trips FOR UPDATE
SELECT * FROM trips LIMIT 0
SELECT * FROM trips TABLESAMPLE BERNOULLI (10)
SELECT * FROM trips WHERE 1 / CASE WHEN district = 'A' THEN 1 ELSE 0 END = 1
SELECT * FROM trips WHERE 1 / CASE WHEN district IS NULL THEN 0 ELSE 1 END = 1
SELECT * FROM trips WHERE 1 / CASE WHEN trip_id LIKE 'Z%' THEN 0 ELSE 1 END = 1
SELECT * FROM trips WHERE 10 / (duration_s - 77) > -11
SELECT * FROM trips WHERE 10 / duration_s > -1
SELECT * FROM trips WHERE CASE WHEN district = 'B' THEN 1/0 ELSE 1 END = 1
SELECT * FROM trips WHERE CAST(trip_id AS DOUBLE) > 0
SELECT * FROM trips WHERE CAST(trip_id AS INT) > 0
SELECT * FROM trips WHERE district <> 'A' OR NOT (district = 'A')
SELECT * FROM trips WHERE district = 'B' OR district IS NULL
SELECT * FROM trips WHERE fare + 9223372036854700000 > 0
SELECT * FROM trips WHERE fare > '10^400'
SELECT * FROM trips WHERE fare > 'x'
SELECT * FROM trips WHERE sqrt(fare) >= 0
SELECT * FROM trips WHERE trip_id = $1
SELECT * FROM trips WHERE trip_id = :id
SELECT * FROM trips WHERE trip_id = ?
SELECT * FROM trips WHERE trip_id::BIGINT > 0
SELECT * FROM trips, cells_b
SELECT * FROM trips.cube
SELECT * FROM trips_a
SELECT * INTO x FROM trips
SELECT 1 --  ; SELECT 2
SELECT 1 / (duration_s - 100) FROM trips
SELECT 1 FROM trips
SELECT 10 / (duration_s - 77) FROM trips
SELECT 1; DROP TABLE trips
SELECT 1; SELECT 2
SELECT @@version
SELECT CAST(99999999999999999999 AS INT) FROM trips
SELECT CAST(operator AS INT) FROM trips
SELECT CAST(trip_id AS INT) % 7 AS m, count(*) FROM trips GROUP BY 1
SELECT CAST(trip_id AS INT) FROM trips
SELECT DISTINCT district FROM trips
SELECT DISTINCT now() = current_timestamp FROM trips
SELECT DISTINCT operator FROM trips_t
SELECT NOTES FROM trips
SELECT [trip_id] FROM trips
SELECT `notes` FROM trips
SELECT a.trip_id FROM trips a JOIN trips b ON CAST(a.trip_id AS INT) = CAST(b.trip_id AS INT)
SELECT a.trip_id FROM trips a JOIN trips b ON a.device_id = b.device_id
SELECT a.trip_id FROM trips a LEFT JOIN trips b ON CAST(a.trip_id AS INT) = CAST(b.trip_id AS INT) + 1
SELECT array_agg(notes) FROM trips
SELECT array_repeat(trip_id, 1000000000) FROM trips
SELECT arrow_metadata(trip_id) FROM trips
SELECT arrow_typeof(trip_id) FROM trips
SELECT concat(*) FROM trips
SELECT count(*) /* /* nested */ FROM trips
SELECT count(*) /* ; DROP TABLE trips */ FROM trips -- ; SELECT 2
SELECT count(*) FROM (SELECT * FROM trips LIMIT 1000)
SELECT count(*) FROM (SELECT * FROM trips LIMIT 30)
SELECT count(*) FROM trips
SELECT count(*) FROM trips /*
SELECT count(*) FROM trips JOIN (SELECT 'A' AS district) AS x USING (district)
SELECT count(*) FROM trips NATURAL JOIN (SELECT 'x' AS notes, 'A' AS district) AS x
SELECT count(*) FROM trips a JOIN trips b USING (notes)
SELECT count(*) FROM trips;
SELECT count(*) FROM trips;;;
SELECT count(*), count(fare), min(fare), max(fare), sum(fare), avg(fare) FROM trips
SELECT count(DISTINCT CAST(trip_id AS INT)) FROM trips
SELECT count(DISTINCT now()) FROM trips
SELECT current_catalog
SELECT current_schema()
SELECT current_setting('x')
SELECT current_user
SELECT current_user()
SELECT device_id FROM trips ORDER BY device_id
SELECT device_id, count(*) FROM trips GROUP BY device_id
SELECT district, min(lon), max(lat) FROM trips GROUP BY district
SELECT fare * 9223372036854775807 FROM trips
SELECT file_row_index() FROM trips
SELECT first_value(device_id ORDER BY trip_id) FROM trips
SELECT first_value(fare) IGNORE NULLS OVER (ORDER BY trip_id) FROM trips
SELECT first_value(notes) IGNORE NULLS OVER (ORDER BY trip_id) FROM trips
SELECT generate_series(1, 10)
SELECT get_field(trip_id, 'x') FROM trips
SELECT getenv('HOME')
SELECT input_file_name() FROM trips
SELECT load_extension('x')
SELECT map_keys(meta) FROM trips
SELECT max(CASE WHEN duration_s = 77 THEN CAST(trip_id AS INT) ELSE 1 END) FROM trips
SELECT max(lat), min(lon), count(lat), count(DISTINCT lon) FROM trips
SELECT max(operator), min(trip_id) FROM trips
SELECT meta.secret FROM trips
SELECT meta['secret'] FROM trips
SELECT min(notes) FROM trips
SELECT operator FROM trips GROUP BY operator HAVING min(CAST(trip_id AS INT)) > 0
SELECT operator FROM trips_t
SELECT operator, district FROM trips ORDER BY operator
SELECT pg_read_file('/etc/passwd')
SELECT random() FROM trips
SELECT regexp_count(trip_id, operator) + regexp_instr(trip_id, '*') FROM trips
SELECT regexp_replace(trip_id, '(0+)+', 'x') FROM trips
SELECT regexp_replace(trip_id, '[', 'x') FROM trips
SELECT row_number() OVER (ORDER BY lat) FROM trips
SELECT row_to_json(trips) FROM trips
SELECT session_user FROM trips
SELECT started_at FROM trips ORDER BY started_at, trip_id
SELECT string_agg(notes, ',') FROM trips
SELECT struct(trips.*) FROM trips
SELECT sum(1 / CASE WHEN operator LIKE 'op%' THEN 1 ELSE 0 END) FROM trips
SELECT sum(duration_s % (duration_s - 77)) FROM trips
SELECT sum(duration_s) OVER (ORDER BY CAST(trip_id AS INT) ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM trips
SELECT sum(fare) FILTER (WHERE CAST(trip_id AS INT) > 1030) FROM trips
SELECT t.* FROM trips AS t
SELECT tags[1] FROM trips
SELECT to_json(trips) FROM trips
SELECT to_timestamp(trip_id::BIGINT) FROM trips
SELECT to_unixtime(now())
SELECT trip_id FROM trips
SELECT trip_id FROM trips JOIN (SELECT 'B' AS district) AS x USING (district)
SELECT trip_id FROM trips ORDER BY CAST(trip_id AS INT) DESC
SELECT trip_id FROM trips ORDER BY device_id, lat, lon, trip_id
SELECT trip_id FROM trips ORDER BY notes
SELECT trip_id FROM trips ORDER BY trip_id LIMIT 5 OFFSET 58
SELECT trip_id FROM trips WHERE 'Q' NOT IN (SELECT district FROM trips)
SELECT trip_id FROM trips WHERE NOT regexp_like(trip_id, '(Za?)+(a+)+$')
SELECT trip_id FROM trips WHERE date_part('minute', started_at) <> 0
SELECT trip_id FROM trips WHERE duration_s < 1e308
SELECT trip_id FROM trips WHERE duration_s < CAST('Infinity' AS DOUBLE)
SELECT trip_id FROM trips WHERE duration_s < CAST('NaN' AS DOUBLE)
SELECT trip_id FROM trips WHERE duration_s = (SELECT min(duration_s) FROM trips)
SELECT trip_id FROM trips WHERE fare < 9223372036854775807
SELECT trip_id FROM trips WHERE fare NOT IN (SELECT fare FROM trips WHERE fare IS NOT NULL)
SELECT trip_id FROM trips WHERE lat IS NOT NULL OR lon BETWEEN 0 AND 1
SELECT trip_id FROM trips WHERE regexp_like(trip_id, '(')
SELECT trip_id FROM trips WHERE started_at > 'nonsense'
SELECT trip_id FROM trips WHERE trip_id IN (SELECT CAST(CAST(trip_id AS INT) AS VARCHAR) FROM trips)
SELECT trip_id FROM trips WHERE trip_id NOT SIMILAR TO '(Z|Q|X)+(a|b)*'
SELECT trip_id FROM trips WHERE trip_id ~ '^[0-9]+$'
SELECT trip_id FROM trips t WHERE EXISTS (SELECT 1 FROM trips t2 WHERE t2.district = 'B' AND t2.trip_id = t.trip_id)
SELECT trip_id FROM trips t WHERE EXISTS (SELECT 1 FROM trips t2 WHERE t2.duration_s = 77)
SELECT trip_id FROM trips t WHERE NOT EXISTS (SELECT 1 FROM trips t2 WHERE t2.district <> 'A')
SELECT trip_id FROM trips t WHERE t.trip_id IN (SELECT t2.trip_id FROM trips t2 WHERE t2.district IS NULL)
SELECT trip_id FROM {trips} LIMIT 1 OFFSET {offset}
SELECT trip_id, lag(duration_s) OVER (ORDER BY trip_id), lead(duration_s) OVER (ORDER BY trip_id) FROM trips
SELECT trip_id, ntile(7) OVER (ORDER BY trip_id), count(*) OVER () FROM trips
SELECT trip_id, rank() OVER (ORDER BY lat), percent_rank() OVER (ORDER BY trip_id) FROM trips
SELECT trip_id, row_number() OVER (ORDER BY notes) FROM trips
SELECT trip_id[1] FROM trips
SELECT trips FROM trips
SELECT trips."notes" FROM trips
SELECT trips.meta.secret FROM trips
SELECT trips.notes FROM trips
SELECT unnest(range(1, 1000000000))
SELECT unnest(tags) FROM trips
SELECT user FROM trips
SELECT uuid() FROM trips
SELECT version()
SELECT x.notes FROM trips AS x
SELECT {'a': trip_id} FROM trips
SHOW ALL
SHOW COLUMNS FROM trips
SHOW TABLES
SHOW datafusion.execution.batch_size
TABLE trips
WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x
WITH RECURSIVE x AS (SELECT 1 AS n UNION SELECT n FROM x) SELECT count(*) FROM x
WITH x AS (INSERT INTO trips VALUES (1) RETURNING *) SELECT * FROM x
WITH x AS (SELECT * FROM trips) SELECT * FROM x UNION ALL SELECT * FROM x
WITH x AS (SELECT * FROM x) SELECT * FROM x
