package mysql

import (
	"context"
	"testing"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/databasetest"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/progress"
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

func equal(t testing.TB, want, got database.Fingerprint, what string) {
	t.Helper()
	if lines := want.Diff(got, nil); len(lines) > 0 {
		t.Errorf("%s: %q", what, lines)
	}
}

// told is a reporter that keeps the lines.
type told struct {
	t     testing.TB
	lines []string
}

func (r *told) Progress(string, progress.Unit, int64, int64) {}
func (r *told) Output(line string)                           { r.lines = append(r.lines, line); r.t.Log("told:", line) }

// newsroom makes a database of what Directus projects have, and of what the
// server has beyond: all types, odd names, partitions, programs.
func newsroom(t testing.TB, config database.Config) {
	t.Helper()
	mysqltest.Exec(t, config, newsroomStatements(config.Name)...)
}

func newsroomStatements(schema string) []string {
	return []string{
		"CREATE TABLE directus_migrations (version varchar(255) PRIMARY KEY, name varchar(255) NOT NULL, timestamp timestamp NULL DEFAULT CURRENT_TIMESTAMP)",
		"INSERT INTO directus_migrations VALUES ('20201028A', 'Remove Collection Foreign Keys', '2024-01-02 03:04:05')",
		"CREATE SEQUENCE tickets START WITH 5 INCREMENT BY 3",
		"SELECT nextval(tickets)",
		"CREATE TABLE authors (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(50) CHARACTER SET latin1, nick varchar(20) UNIQUE COMMENT 'it''s, (odd) AUTO_INCREMENT=7') AUTO_INCREMENT=100 COMMENT='people; AUTO_INCREMENT=9'",
		"INSERT INTO authors (name, nick) VALUES ('Über', 'a'), ('ñ', '😀'), (NULL, NULL)",
		"DELETE FROM authors WHERE nick IS NULL",
		`CREATE TABLE kinds (id bigint unsigned PRIMARY KEY, f float, f2 float(10,5), d double, dd double(20,4), n decimal(65,30), b bit(9), b1 bit(1),
			spot point, shape geometry, j json, e enum('a','b''c','ü'), s set('x','y'), y year, dt datetime(6) DEFAULT '2024-01-01', ts timestamp(3) NULL ON UPDATE CURRENT_TIMESTAMP(3),
			t time(6), day date, bin binary(5), vb varbinary(300), bl longblob, txt longtext, ch char(10), tiny tinyint(1),
			g1 int AS (tiny+1) VIRTUAL, g2 int AS (tiny+2) STORED, inv int INVISIBLE DEFAULT 7, ip inet6, uu uuid, author int unsigned, v varchar(20) DEFAULT 'it''s', big bigint,
			ticket int DEFAULT (nextval(tickets)), old varchar(20) CHARACTER SET latin1 COLLATE latin1_german2_ci,
			CHECK (tiny < 100), CONSTRAINT positive CHECK (id > 0), CONSTRAINT written FOREIGN KEY (author) REFERENCES authors (id) ON DELETE CASCADE,
			KEY k2 (txt(20), ch DESC), FULLTEXT KEY words (txt))`,
		"SET sql_mode = ''",
		`INSERT INTO kinds (id, f, f2, d, dd, n, b, b1, spot, shape, j, e, s, y, dt, ts, t, day, bin, vb, bl, txt, ch, tiny, inv, ip, uu, author, big, ticket, old) VALUES
			(18446744073709551615, 3.1415927, 12345.67891, 0.1e0+0.2e0, 12345678.12345, 12345678901234567890123456789012345.123456789012345678901234567890, b'101010101', 1,
			point(1,2), st_geomfromtext('POLYGON((0 0,1 0,1 1,0 0))', 4326), '{"a" : [1,2], "b":"\\u00fc\\n"}', 'b''c', 'x,y', 2024, '2024-01-02 03:04:05.678901', '2024-01-02 03:04:05.678',
			'-12:34:56.7', '0000-00-00', 'ab', x'00ff27', x'00010203', '😀 \n\t\\ '' " \r\0 \Z x\n-- bunnyhop: programs of \n-- Dump completed on', 'pad', 5, 9, '::1',
			'1d49a2cb-e56f-11f1-88f8-02fc00000001', 100, -9223372036854775808, 4, 'Ä'),
			(2, 16777217, 99999.99999, 1.7976931348623157e308, 0, 0, 0, 0, NULL, NULL, NULL, '', '', 0, '0000-00-00', '0000-00-00', 0, '2024-00-00', '', '', '', '', '', 0, NULL, NULL, NULL, NULL, 9223372036854775807, 5, ''),
			(3, -0e0, -0e0, -0e0, -0e0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 6, NULL),
			(4, 1e-45, 0, 5e-324, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1901, NULL, NULL, '838:59:59.999999', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 7, NULL)`,
		"CREATE TABLE nokey (f float, x text)",
		"INSERT INTO nokey VALUES (0.1234567, 'a'), (1.2345678e20, 'b'), (0.1234567, 'a'), (NULL, '')",
		"CREATE TABLE exact (id int PRIMARY KEY, d double, n decimal(20,10), b bit(33), g geometry, z timestamp NULL, txt text)",
		"INSERT INTO exact VALUES (1, 2e0/3, 1.5, b'1', point(3,4), '2024-06-01 12:00:00', 'x\n;\nDELIMITER ;;'), (2, NULL, NULL, NULL, NULL, NULL, NULL)",
		"CREATE TABLE plain (a int) ENGINE=MyISAM",
		"INSERT INTO plain VALUES (1), (1)",
		"CREATE TABLE `we``ird \"n'ame` (`a ``b` int, `select` text, `Ünï` int)",
		"INSERT INTO `we``ird \"n'ame` VALUES (1, 'x', 2)",
		"CREATE TABLE nothing (a int)",
		"CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
		"INSERT INTO parts VALUES (1, 'a'), (20, 'b')",
		"CREATE TABLE tree (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES tree (id))",
		"INSERT INTO tree VALUES (1, NULL), (2, 1)",
		"CREATE FUNCTION plus(a int) RETURNS int DETERMINISTIC RETURN a+1",
		"CREATE VIEW zz AS SELECT k.id, p.name, plus(k.tiny) AS more, p.nick = 'ü' AS same FROM kinds AS k JOIN authors AS p ON p.id = k.author",
		"CREATE VIEW aa AS SELECT * FROM zz",
		"CREATE VIEW elsewhere AS SELECT a.id, e.help_topic_id FROM authors AS a, mysql.help_topic AS e",
		"SET sql_mode = 'ANSI_QUOTES', collation_connection = latin1_german2_ci",
		"CREATE TRIGGER second AFTER INSERT ON authors FOR EACH ROW INSERT INTO nothing VALUES (NEW.id)",
		"SET sql_mode = '', collation_connection = utf8mb4_general_ci",
		"CREATE TRIGGER shout BEFORE INSERT ON authors FOR EACH ROW BEGIN SET NEW.nick = concat(NEW.nick, 'x;;'); -- hi\nINSERT INTO " + quote(schema) + ".nothing VALUES (1); END",
		"CREATE TRIGGER again AFTER INSERT ON authors FOR EACH ROW FOLLOWS second UPDATE `" + schema + "` . nothing SET a = a + 1",
		"CREATE PROCEDURE counted(OUT n int) BEGIN SELECT count(*) INTO n FROM authors; END",
		"CREATE EVENT tidy ON SCHEDULE EVERY 1 SECOND STARTS '2024-01-01 00:00:00' DO DELETE FROM nokey",
		"CREATE EVENT asleep ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE COMMENT 'x' DO DELETE FROM nokey",
		"ALTER TABLE tree ADD COLUMN gone int",
		"ALTER TABLE tree DROP COLUMN gone",
	}
}
