package advisory_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
)

// texts makes a database with a default collation and tables with another.
func texts(t *testing.T, standard, tables string, more ...string) (database.Config, advisory.Input) {
	t.Helper()
	admin := mysqltest.Start(t)
	owner := mysqltest.User(t, admin, mysqltest.CreateDatabases, mysqltest.SeeSessions)
	charset, _, _ := strings.Cut(standard, "_")
	suffix := " CHARACTER SET " + strings.Split(tables, "_")[0] + " COLLATE " + tables
	mysqltest.Exec(t, owner, append([]string{
		"ALTER DATABASE " + mysqltest.Quote(admin.Name) + " CHARACTER SET " + charset + " COLLATE " + standard,
		"CREATE TABLE directus_users (id char(36) PRIMARY KEY, email varchar(128), tags JSON NOT NULL DEFAULT '[]' COMMENT 'a list')" + suffix,
		"CREATE TABLE directus_roles (id char(36) PRIMARY KEY, name varchar(100))" + suffix,
		"CREATE TABLE directus_sessions (token varchar(64) PRIMARY KEY, user char(36), FOREIGN KEY (user) REFERENCES directus_users (id))" + suffix,
		"CREATE TABLE notes (id char(36) PRIMARY KEY) CHARACTER SET latin1",
		"CREATE TABLE articles (id int PRIMARY KEY, author char(36), CONSTRAINT `a key` FOREIGN KEY (author) REFERENCES directus_users (id) ON DELETE CASCADE)" + suffix,
		`INSERT INTO directus_users VALUES ('u1', 'é@example.com', '["é"]')`, "INSERT INTO directus_sessions VALUES ('s', 'u1')",
		"INSERT INTO articles VALUES (1, 'u1')",
	}, more...)...)
	in := onServer(t, owner, "11.17.4", "12.4.0")
	in.Pending = pendingTo(t, "12.4.0", recordedUntil(t, "11.1.0")...).Pending
	return owner, in
}

func recordedUntil(t *testing.T, version string) []string {
	t.Helper()
	var ids []string
	for _, m := range pendingTo(t, version).Pending {
		ids = append(ids, m.ID)
	}
	return ids
}

func openMySQL(t *testing.T, c database.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(mysqltest.Driver(c))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// addsComments does what 20240909A does, as knex words it, and takes it back.
func addsComments(t *testing.T, c database.Config, charset, collate string) error {
	t.Helper()
	db := openMySQL(t, c)
	options := ""
	if charset != "" {
		options += " DEFAULT CHARACTER SET " + charset
	}
	if collate != "" {
		options += " COLLATE " + collate
	}
	_, err := db.ExecContext(t.Context(), "CREATE TABLE directus_comments (id char(36) PRIMARY KEY, user_created char(36))"+options)
	if err == nil {
		_, err = db.ExecContext(t.Context(), "ALTER TABLE directus_comments ADD FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL")
	}
	if _, dropErr := db.ExecContext(t.Context(), "DROP TABLE IF EXISTS directus_comments"); dropErr != nil {
		t.Error(dropErr)
	}
	return err
}

// What the rules predict is what the server does, before the script and after.
func TestCharsets(t *testing.T) {
	t.Parallel()
	const general, unicode, old = "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb3_general_ci"
	cases := []struct {
		name             string
		standard, tables string
		more             []string
		connection       advisory.Connection
		id, evidence     string // "": nothing is found
		script           []string
	}{
		{name: "all alike", standard: general, tables: general},
		{name: "all alike, and a character set", standard: general, tables: general, connection: advisory.Connection{Charset: "utf8mb4"}},
		{
			name: "another default", standard: unicode, tables: general, id: "charset-foreign-keys",
			evidence: "20240909A would join directus_comments.user_created (utf8mb4_unicode_ci) to directus_users.id (utf8mb4_general_ci)",
			script:   []string{"ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"},
		},
		{
			name: "another default, which DB_CHARSET makes up for", standard: unicode, tables: general, connection: advisory.Connection{Charset: "utf8mb4"},
			id: "charset-mixed", evidence: "the database's default is utf8mb4_unicode_ci",
		},
		{
			name: "a character set whose default differs", standard: unicode, tables: unicode, connection: advisory.Connection{Charset: "utf8mb4"},
			id: "charset-foreign-keys", evidence: "new tables would get utf8mb4_general_ci",
			script: []string{"-- and in the project's configuration: DB_CHARSET=utf8mb4 and DB_COLLATE=utf8mb4_unicode_ci"},
		},
		{name: "and a collation beside it", standard: unicode, tables: unicode, connection: advisory.Connection{Charset: "utf8mb4", Collate: unicode}},
		{
			name: "an old character set", standard: general, tables: old, id: "charset-foreign-keys",
			evidence: "the database's default is utf8mb4_general_ci",
			script: []string{
				"ALTER TABLE `articles` DROP FOREIGN KEY `a key`;", "ALTER TABLE `articles` CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;",
				"ALTER TABLE `articles` ADD CONSTRAINT `a key` FOREIGN KEY (`author`) REFERENCES `directus_users` (`id`) ON DELETE CASCADE ON UPDATE RESTRICT;",
			},
		},
		{
			name: "one table differs", standard: general, tables: general,
			more: []string{"CREATE TABLE directus_webhooks (id int PRIMARY KEY, name varchar(255)) CHARACTER SET latin1"},
			id:   "charset-mixed", evidence: "the default of table directus_webhooks is latin1_swedish_ci\ncolumn directus_webhooks.name is latin1_swedish_ci",
			script: []string{"ALTER TABLE `directus_webhooks` CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"},
		},
		{
			name: "a pair of columns differs", standard: general, tables: general,
			more: []string{
				"ALTER TABLE directus_sessions DROP FOREIGN KEY directus_sessions_ibfk_1", "ALTER TABLE articles DROP FOREIGN KEY `a key`",
				"ALTER TABLE directus_users MODIFY id char(36) COLLATE utf8mb4_unicode_ci NOT NULL",
				"ALTER TABLE directus_sessions MODIFY user char(36) COLLATE utf8mb4_unicode_ci",
				"ALTER TABLE articles MODIFY author char(36) COLLATE utf8mb4_unicode_ci",
				"ALTER TABLE directus_sessions ADD FOREIGN KEY (user) REFERENCES directus_users (id)",
				"ALTER TABLE articles ADD CONSTRAINT `a key` FOREIGN KEY (author) REFERENCES directus_users (id) ON DELETE CASCADE",
			},
			id: "charset-foreign-keys", evidence: "column directus_users.id is utf8mb4_unicode_ci",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			owner, in := texts(t, c.standard, c.tables, c.more...)
			own := in.Connection.OwnPorts
			in.Connection = c.connection
			in.Connection.OwnPorts = own
			want := map[string]string{}
			if c.id != "" {
				want[c.id] = c.evidence
			}
			found := serverFindings(t, in)
			expect(t, found, want)
			refused := addsComments(t, owner, c.connection.Charset, c.connection.Collate)
			if (refused != nil) != (c.id == "charset-foreign-keys") {
				t.Errorf("the server says %v", refused)
			}
			script, err := advisory.CollationScript(t.Context(), in)
			if err != nil || (script == "") != (c.id == "") {
				t.Fatalf("the script is %q, %v", script, err)
			}
			lines := strings.Split(strings.TrimSpace(script), "\n")
			for _, line := range c.script {
				if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, line) }) {
					t.Errorf("the script lacks %q:\n%s", line, script)
				}
			}
			if script == "" {
				return
			}
			t.Log(script)
			apply(t, owner, lines)
			if strings.Contains(script, "DB_COLLATE") {
				in.Connection.Collate = c.tables
			}
			expect(t, serverFindings(t, in), nil)
			if err := addsComments(t, owner, in.Connection.Charset, in.Connection.Collate); err != nil {
				t.Errorf("after the script: %v", err)
			}
			whole(t, owner)
		})
	}
}

func apply(t *testing.T, c database.Config, lines []string) {
	t.Helper()
	conn, err := openMySQL(t, c).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, line := range lines {
		if strings.HasPrefix(line, "--") {
			continue
		}
		if _, err := conn.ExecContext(t.Context(), line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// whole looks whether rows, JSON columns and the tables of the project itself
// are as they were.
func whole(t *testing.T, c database.Config) {
	t.Helper()
	db := openMySQL(t, c)
	var email, tags string
	if err := db.QueryRowContext(t.Context(), "SELECT email, tags FROM directus_users").Scan(&email, &tags); err != nil || email != "é@example.com" || tags != `["é"]` {
		t.Errorf("%q, %q, %v", email, tags, err)
	}
	var kind, collation, standard, remark, nullable string
	if err := db.QueryRowContext(t.Context(), `SELECT COLUMN_TYPE, COLLATION_NAME, COLUMN_DEFAULT, COLUMN_COMMENT, IS_NULLABLE FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'directus_users' AND COLUMN_NAME = 'tags'`).Scan(&kind, &collation, &standard, &remark, &nullable); err != nil ||
		kind != "longtext" || collation != "utf8mb4_bin" || standard != "'[]'" || remark != "a list" || nullable != "NO" {
		t.Error(kind, collation, standard, remark, nullable, err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE directus_users SET tags = 'no json'"); err == nil {
		t.Error("the check of a JSON column is gone")
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO directus_sessions VALUES ('x', 'nobody')"); err == nil {
		t.Error("the foreign key is gone")
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM directus_sessions"); err != nil {
		t.Error(err)
	}
	left := -1
	if _, err := db.ExecContext(t.Context(), "DELETE FROM directus_users"); err != nil {
		t.Error(err)
	}
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM articles").Scan(&left); err != nil || left != 0 {
		t.Errorf("the foreign key does not delete any more: %d left, %v", left, err)
	}
	var own sql.NullString
	if err := db.QueryRowContext(t.Context(), "SELECT TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'notes'").Scan(&own); err != nil || own.String != "latin1_swedish_ci" {
		t.Error(own, err)
	}
}

// A name of a collation is taken by the driver, and by no CREATE TABLE.
func TestUnknownCharset(t *testing.T) {
	t.Parallel()
	owner, in := texts(t, "utf8mb4_general_ci", "utf8mb4_general_ci")
	in.Connection.Charset = "UTF8_GENERAL_CI"
	expect(t, serverFindings(t, in), map[string]string{"charset-unknown": "DB_CHARSET=UTF8_GENERAL_CI"})
	if err := addsComments(t, owner, "UTF8_GENERAL_CI", ""); err == nil {
		t.Error("the server takes it")
	}
	in.Pending = nil
	expect(t, serverFindings(t, in), nil)
}
