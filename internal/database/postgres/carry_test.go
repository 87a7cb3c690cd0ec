package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/postgrestest"
	"bunnyhop/internal/progress"
)

// TestEveryTypeSurvives dumps and restores values of every type, by a role
// that did not make the dump.
func TestEveryTypeSurvives(t *testing.T) {
	ctx := context.Background()
	source := postgrestest.User(t, postgrestest.Start(t))
	statements := append([]string{}, kindStatements...)
	i := 0
	for _, kind := range sorted(keys(columnKinds)) {
		if kind == "aclitem" {
			continue // names roles, which another server need not have
		}
		i++
		statements = append(statements, fmt.Sprintf("CREATE TABLE kind_%d (c %s)", i, kind))
		for _, value := range append([]string{"NULL"}, columnKinds[kind]...) {
			statements = append(statements, fmt.Sprintf("INSERT INTO kind_%d VALUES (%s)", i, value))
		}
	}
	statements = append(statements,
		"CREATE TABLE odd (a float8, b int[])",
		"INSERT INTO odd VALUES ('Infinity'::float8 - 'Infinity', '{1,NULL}'), (-('NaN'::float8), '{1,2}')",
		"UPDATE odd SET b[2] = 5", // an array that remembers that it had a NULL
	)
	postgrestest.Exec(t, source, statements...)
	dump, info := dumpOf(t, source)
	equal(t, *info.Fingerprint, fingerprintOf(t, source), "dumped")
	another := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	scratch, err := RestoreScratch(ctx, another, dump, "bunnyhop_kinds", &told{t: t})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "restored by another role")
	if err := DropScratch(ctx, scratch); err != nil {
		t.Error(err)
	}
}

func keys(m map[string][]string) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	return all
}

// access is all that says who may do what in a database, and its settings.
func access(t *testing.T, config database.Config) []string {
	t.Helper()
	conn := connectAs(t, config, "looker")
	list := func(column string) string {
		return "(SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(" + column + ") AS x)"
	}
	rows, err := conn.Query(context.Background(), `
		SELECT concat_ws(' ', 'database', datdba::regrole, `+list("datacl")+`, datconnlimit, datcollate, encoding) FROM pg_database WHERE datname = current_database()
		UNION ALL SELECT concat_ws(' ', 'setting', setrole::regrole, `+list("setconfig")+`) FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase WHERE datname = current_database()
		UNION ALL SELECT concat_ws(' ', c.oid::regclass::text, relowner::regrole, `+list("relacl")+`) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
			WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND relkind IN ('r', 'v', 'S', 'm', 'p')
		UNION ALL SELECT concat_ws(' ', attrelid::regclass::text, attname, `+list("attacl")+`) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384
		UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, `+list("nspacl")+`) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%'
		UNION ALL SELECT concat_ws(' ', oid::regprocedure::text, proowner::regrole, `+list("proacl")+`) FROM pg_proc
			WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
		UNION ALL SELECT concat_ws(' ', 'type', typname, typowner::regrole, `+list("typacl")+`) FROM pg_type WHERE typtype IN ('e', 'd') AND oid >= 16384
		UNION ALL SELECT concat_ws(' ', 'default', defaclrole::regrole, defaclobjtype::text, `+list("defaclacl")+`) FROM pg_default_acl`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(context.Background())
	slices.Sort(all)
	return all
}

// TestRestoreCarries keeps owners, grants and settings over a restore, on
// both ways.
func TestRestoreCarries(t *testing.T) {
	for name, rights := range map[string][]string{"swap": {postgrestest.CreateDatabases}, "in place": nil} {
		t.Run(name, func(t *testing.T) {
			admin := postgrestest.Start(t)
			config := postgrestest.User(t, admin, rights...)
			newsroom(t, config)
			reader, owner := postgrestest.User(t, postgrestest.Start(t)), postgrestest.User(t, postgrestest.Start(t))
			r, o, me, db := quote(reader.User), quote(owner.User), quote(config.User), quote(config.Name)
			postgrestest.Exec(t, admin,
				"GRANT "+o+" TO "+me, // so that it may give things away
				"GRANT CREATE ON SCHEMA public TO "+o,
				"ALTER TABLE numbered OWNER TO "+o,
				"ALTER FUNCTION touch() OWNER TO "+o,
			)
			postgrestest.Exec(t, config,
				"GRANT SELECT ON authors, titles TO "+r, "GRANT UPDATE (title, body) ON posts TO "+r+" WITH GRANT OPTION", "GRANT SELECT ON directus_migrations TO PUBLIC",
				"GRANT USAGE ON SEQUENCE authors_id_seq TO "+r, `GRANT USAGE ON SCHEMA "other one" TO `+r, "REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC",
				"GRANT EXECUTE ON FUNCTION touch() TO "+r, "REVOKE USAGE ON TYPE mood FROM PUBLIC", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "+r,
				"ALTER DATABASE "+db+" SET statement_timeout = '1h'", "ALTER DATABASE "+db+` SET search_path = "$user", public, "other one"`,
				"ALTER DATABASE "+db+` SET application_name = 'it''s a \ value'`, "ALTER DATABASE "+db+" CONNECTION LIMIT 40",
				"ALTER ROLE "+me+" IN DATABASE "+db+" SET work_mem = '5MB'",
				"REVOKE ALL ON DATABASE "+db+" FROM PUBLIC", "GRANT CONNECT, TEMPORARY ON DATABASE "+db+" TO "+r,
			)
			dump, info := dumpOf(t, config)
			before := access(t, config)
			reporter := &told{t: t}
			if err := Restore(context.Background(), config, dump, reporter); err != nil {
				t.Fatal(err)
			}
			equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
			if diff := cmp.Diff(before, access(t, config)); diff != "" {
				t.Error(diff)
			}
			for _, line := range reporter.lines {
				if strings.Contains(line, "could not") {
					t.Error(line)
				}
			}
		})
	}
}

// TestRestoreAsSuperuser keeps the owners that a superuser is not.
func TestRestoreAsSuperuser(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	dump, info := dumpOf(t, admin)
	before := access(t, admin)
	if err := Restore(context.Background(), admin, dump, &told{t: t}); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
	if diff := cmp.Diff(before, access(t, admin)); diff != "" {
		t.Error(diff)
	}
}

// TestRestoreOverNothing makes a database that is not there.
func TestRestoreOverNothing(t *testing.T) {
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	dump, info := dumpOf(t, config)
	config.Name = "quite \"new\" = 'one'"
	if err := Restore(context.Background(), config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
}

// TestUntrustedExtension restores in place where a new database would need a
// superuser.
func TestUntrustedExtension(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin, postgrestest.CreateDatabases)
	newsroom(t, config)
	postgrestest.Exec(t, admin, "CREATE SCHEMA extensions", "CREATE EXTENSION pageinspect SCHEMA extensions", "GRANT ALL ON SCHEMA extensions TO PUBLIC",
		"CREATE FUNCTION watched() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION watched()",
		"ALTER FUNCTION watched() OWNER TO "+quote(config.User))
	postgrestest.Exec(t, config, "CREATE TABLE extensions.beside (a int)", "INSERT INTO extensions.beside VALUES (1)")
	dump, info := dumpOf(t, config)
	_, err := RestoreScratch(context.Background(), config, dump, "bunnyhop_untrusted", progress.Discard)
	forPeople(t, err, config, "only a superuser may create extensions that the database uses: pageinspect", "SUPERUSER")
	postgrestest.Exec(t, admin, "DROP EVENT TRIGGER watch") // which would go with its function, and only its owner may drop it
	postgrestest.Exec(t, config, "DROP TABLE extensions.beside", "CREATE TABLE extensions.later ()")
	reporter := &told{t: t}
	if err := Restore(context.Background(), config, dump, reporter); err != nil {
		t.Fatal(err)
	}
	equal(t, *info.Fingerprint, fingerprintOf(t, config), "restored")
	if !strings.Contains(strings.Join(reporter.lines, "\n"), "not restored: EVENT TRIGGER - watch") {
		t.Errorf("told: %q", reporter.lines)
	}
}

// TestSearchPath names the tables of the first schema of the search path
// plainly, in the copy too.
func TestSearchPath(t *testing.T) {
	ctx := context.Background()
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	check := func(config database.Config) {
		t.Helper()
		tables, err := open(t, config, database.ReadOnly).Tables(ctx)
		if err != nil || !slices.Contains(tables, "authors") || !slices.Contains(tables, "public.authors") || slices.Contains(tables, "other one.authors") {
			t.Errorf("tables %q, %v", tables, err)
		}
	}
	asked := config
	asked.SearchPath = []string{"other one", "public"}
	check(asked)
	postgrestest.Exec(t, config, "ALTER DATABASE "+quote(config.Name)+` SET search_path = "other one", public`)
	check(config)
	dump, info := dumpOf(t, config)
	scratch, err := RestoreScratch(ctx, config, dump, "bunnyhop_path", progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	check(scratch)
	equal(t, *info.Fingerprint, fingerprintOf(t, scratch), "the copy")
	if err := DropScratch(ctx, scratch); err != nil { // ours are ended
		t.Error(err)
	}
}

func TestIdentity(t *testing.T) {
	ctx := context.Background()
	config := postgrestest.User(t, postgrestest.Start(t), postgrestest.CreateDatabases)
	newsroom(t, config)
	read := func() database.Identity {
		t.Helper()
		db := open(t, config, database.ReadOnly)
		defer db.Close()
		id, err := db.Identity(ctx)
		if err != nil {
			t.Fatal(err)
		}
		size, err := db.Size(ctx)
		if err != nil || size < 1<<20 {
			t.Errorf("size %d, %v", size, err)
		}
		return id
	}
	before := read()
	if diff := cmp.Diff(before, read()); diff != "" {
		t.Error(diff)
	}
	if before.Name != config.Name || before.Vendor != database.Postgres || !strings.HasPrefix(before.SystemID, "system ") || before.ServerVersion == "" {
		t.Errorf("%+v", before)
	}
	dump, _ := dumpOf(t, config)
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Fatal(err)
	}
	after := read()
	if after.SystemID == before.SystemID {
		t.Error("a restored database cannot be told from the old one")
	}
	postgrestest.Exec(t, postgrestest.Start(t), "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
}

func TestIntegrity(t *testing.T) {
	admin := postgrestest.Start(t)
	config := postgrestest.User(t, admin)
	newsroom(t, config)
	db := open(t, config, database.ReadOnly)
	if err := db.Integrity(context.Background()); err != nil {
		t.Error(err)
	}
	postgrestest.Exec(t, admin, "SET session_replication_role = replica", "UPDATE posts SET author = 99 WHERE author = 1", `DELETE FROM "other one".authors WHERE id = 1`)
	err := db.Integrity(context.Background())
	var found *database.IntegrityError
	if !errors.As(err, &found) || len(found.ForeignKeys) != 2 || len(found.Damage) != 0 || !strings.Contains(found.ForeignKeys[1], "posts point at nothing") {
		t.Errorf("%v", err)
	}
}

// TestSecretsStayHidden looks at the arguments of every process while tools
// run: the password is in none of them.
func TestSecretsStayHidden(t *testing.T) {
	ctx := context.Background()
	server := postgrestest.Start(t)
	seen := map[string]bool{}
	var mu sync.Mutex
	stop, stopped := make(chan struct{}), make(chan struct{})
	config := postgrestest.User(t, server)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range lines {
				data, _ := os.ReadFile(path)
				args := strings.Split(string(data), "\x00")
				mu.Lock()
				seen[filepath.Base(args[0])] = true
				mu.Unlock()
				if strings.Contains(string(data), config.Password) {
					t.Errorf("the password is in the arguments of %s", args[0])
				}
			}
		}
	}()
	newsroom(t, config)
	fill(t, config, 20_000)
	dump, _ := dumpOf(t, config)
	if err := Restore(ctx, config, dump, progress.Discard); err != nil {
		t.Error(err)
	}
	close(stop)
	<-stopped
	for _, tool := range []string{"pg_dump", "pg_restore", "psql"} {
		if !seen[tool] {
			t.Errorf("%s was not seen", tool)
		}
	}
	data, err := os.ReadFile(dump)
	if err != nil || strings.Contains(string(data), config.Password) {
		t.Errorf("the password is in the dump, or %v", err)
	}
	info, err := os.Stat(dump)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
