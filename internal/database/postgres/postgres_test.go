package postgres

import (
	"context"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/postgrestest"
)

func open(t testing.TB, config database.Config, mode database.Mode) *DB {
	t.Helper()
	return databasetest.Open(t, func() (*DB, error) { return Open(context.Background(), config, mode) })
}

func fingerprintOf(t testing.TB, config database.Config) database.Fingerprint {
	t.Helper()
	return databasetest.Fingerprint(t, func() (*DB, error) { return Open(context.Background(), config, database.ReadOnly) })
}

var contains = databasetest.Contains

// newsroom makes a database of what Directus projects have, and of what
// PostgreSQL has beyond: odd types, schemas, partitions, policies.
func newsroom(t testing.TB, config database.Config) {
	t.Helper()
	postgrestest.Exec(t, config, newsroomStatements...)
}

var newsroomStatements = []string{
	`CREATE TABLE directus_migrations (version varchar(255) PRIMARY KEY, name varchar(255) NOT NULL, "timestamp" timestamptz DEFAULT CURRENT_TIMESTAMP)`,
	`INSERT INTO directus_migrations VALUES ('20201028A', 'Remove Collection Foreign Keys', '2024-01-02 03:04:05.678+02')`,
	`CREATE EXTENSION citext`,
	`CREATE EXTENSION hstore`,
	`CREATE TYPE mood AS ENUM ('happy', 'sad', 'it''s "ok"')`,
	`CREATE TYPE pair AS (a int, b mood)`,
	`CREATE DOMAIN score AS float8 CHECK (VALUE < 100 OR VALUE = 'NaN')`,
	`CREATE TABLE authors (id serial PRIMARY KEY, name varchar(255), email citext UNIQUE, born timestamptz, active boolean DEFAULT true,
		status varchar(20) DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'it''s, (odd)')), tags text[], feelings mood[], feeling mood)`,
	`CREATE TABLE posts (id uuid PRIMARY KEY, title varchar(255), body text, meta json, extra jsonb, score score, ratio real, price numeric(10,2),
		author integer REFERENCES authors ON DELETE SET NULL, raw bytea, spot point, bits bit varying(9), span int4range, length interval,
		at time with time zone, day date, address inet, attributes hstore, document xml, vector tsvector, pairs pair, kind regclass, flags bit(3),
		doubled numeric GENERATED ALWAYS AS (price * 2) STORED)`,
	`CREATE UNIQUE INDEX posts_title ON posts (lower(title)) WHERE title IS NOT NULL`,
	`CREATE INDEX posts_status ON authors (name) WHERE status IN ('draft', 'published')`,
	`CREATE TABLE "weird ""name""" ("a ""b""" text, "select" bytea, "Ünï" int)`,
	`CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5), v int)`,
	`CREATE TABLE nothing ()`,
	`CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at)`,
	`CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')`,
	`CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
	`CREATE INDEX ON events (at)`,
	`CREATE SCHEMA "other one"`,
	`CREATE TABLE "other one".authors (id int PRIMARY KEY, parent int REFERENCES "other one".authors)`,
	`CREATE SEQUENCE "other one".free START 7`,
	`CREATE VIEW titles AS SELECT p.title, a.name, a.status IN ('draft', 'published') AS open FROM posts AS p LEFT JOIN authors AS a ON a.id = p.author`,
	`CREATE MATERIALIZED VIEW counts AS SELECT author, count(*) AS n FROM posts GROUP BY author`,
	`CREATE UNIQUE INDEX ON counts (author)`,
	`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.born := coalesce(NEW.born, now()); RETURN NEW; END $$`,
	`CREATE TRIGGER touched BEFORE UPDATE ON authors FOR EACH ROW EXECUTE FUNCTION touch()`,
	`CREATE AGGREGATE product (float8) (SFUNC = float8mul, STYPE = float8, INITCOND = '1')`,
	`ALTER TABLE numbered ENABLE ROW LEVEL SECURITY`,
	`CREATE POLICY mine ON numbered USING (v > 0)`,
	`COMMENT ON TABLE authors IS 'people'`,
	`INSERT INTO authors (name, email, born, active, tags, feelings, feeling) VALUES
		('Ada', 'Ada@Example.com', '2024-01-02 03:04:05.678901+02', true, '{a,NULL,"b,c"}', '{happy,sad}', 'it''s "ok"'),
		('Bob' || chr(27) || '[31m', 'bob@example.com', 'infinity', false, '{}', NULL, 'sad'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
	`INSERT INTO posts VALUES ('8a4b1ae6-6d6e-4d2f-9c3e-0123456789ab', 'Über', '', '{"k" : [1], "k":2}', '{"k": [1]}', 'NaN', '-0', 1.50, 1, '\x00ff', '(1,2)', '101', '[1,5)',
		'1 year 2 months 3 days 04:05:06.7', '12:00+02', '-infinity', '10.0.0.1/8', 'a=>1,b=>NULL', '<a>b</a>', 'the fat cat', '(1,sad)', 'authors', '010'),
		('8a4b1ae6-6d6e-4d2f-9c3e-0123456789ac', 'T2', NULL, NULL, NULL, -('inf'::float8 - 'inf'::float8), 1e-30, 99999999.99, NULL, '', NULL, '', 'empty', '-1 day', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
	`UPDATE authors SET tags[2] = 'x' WHERE name = 'Ada'`,
	`INSERT INTO "weird ""name""" VALUES ('x', '\x00ff', 1), (E'\n\t\\.', NULL, NULL), (NULL, '', 2)`,
	`INSERT INTO numbered (v) VALUES (1), (-2), (3)`,
	`INSERT INTO nothing DEFAULT VALUES`,
	`INSERT INTO events VALUES ('2023-05-05', 'a'), ('2024-05-05', 'b'), ('2024-06-05', 'b')`,
	`INSERT INTO "other one".authors VALUES (1, NULL), (2, 1)`,
	`ALTER TABLE posts ADD COLUMN gone int`,
	`ALTER TABLE posts DROP COLUMN gone`,
	`SELECT lo_create(4711)`,
}
