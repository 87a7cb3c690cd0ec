package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/zstd"

	"bunnyhop/internal/database"
	"bunnyhop/internal/process"
	"bunnyhop/internal/project"
)

// remote is an empty database on a server, in place of the SQLite file.
type remote struct {
	config database.Config
	vendor database.Vendor
}

// parseRemote reads a URL such as postgres://user@host:port/name. The password
// is not in it: it would be in the process list.
func parseRemote(text, password string) (*remote, error) {
	address, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the database's address is no URL")
	}
	if _, has := address.User.Password(); has {
		return nil, errors.New("the password belongs into the variable DB_PASSWORD, not into the address")
	}
	r := &remote{config: database.Config{
		Host: address.Hostname(), Port: address.Port(), Name: strings.TrimPrefix(address.Path, "/"),
		User: address.User.Username(), Password: password,
	}}
	port := ""
	switch address.Scheme {
	case "postgres", "postgresql":
		r.config.Client, r.vendor, port = "pg", database.Postgres, "5432"
	case "mysql", "mariadb":
		r.config.Client, r.vendor, port = "mysql", database.MySQL, "3306"
	default:
		return nil, fmt.Errorf("no way to make the sample on %q: postgres and mysql are known", address.Scheme)
	}
	if r.config.Port == "" {
		r.config.Port = port
	}
	if r.config.Host == "" || r.config.Name == "" || r.config.User == "" {
		return nil, errors.New("the database's address lacks a host, a name or a user")
	}
	return r, nil
}

// out is where the dump goes unless told otherwise.
func (r *remote) out() string {
	return filepath.Join("steps", "testbed", "newsroom."+string(r.vendor)+".sql.zst")
}

// environment tells Directus of the database. What its .env says would win.
func (r *remote) environment() []string {
	return []string{
		"DB_CLIENT=" + r.config.Client, "DB_HOST=" + r.config.Host, "DB_PORT=" + r.config.Port,
		"DB_DATABASE=" + r.config.Name, "DB_USER=" + r.config.User, "DB_PASSWORD=" + r.config.Password,
		// Of MySQL only. Without it, Directus 10 takes no emoji there.
		"DB_CHARSET=utf8mb4",
	}
}

// withoutDatabase takes the SQLite file out of the text of an .env.
func withoutDatabase(content []byte) ([]byte, error) {
	for _, key := range []string{"DB_CLIENT", "DB_FILENAME"} {
		var err error
		if content, err = project.RemoveLine(content, key); err != nil {
			return nil, err
		}
	}
	return content, nil
}

// check makes sure that the database is empty and its server's clock is on the
// sample's day: Directus fills what it finds, and many of a row's times are
// the server's.
func (r *remote) check(ctx context.Context) error {
	query := "SELECT concat(count(*), ' ', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' ', lower(current_setting('server_encoding'))) " +
		"FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
	charset := "utf8"
	if r.vendor == database.MySQL {
		query = "SELECT concat(count(*), ' ', utc_date(), ' ', @@character_set_database) FROM information_schema.tables WHERE table_schema = database()"
		charset = "utf8mb4"
	}
	var lines []string
	spec := r.client(query)
	spec.Line = func(line string) { lines = append(lines, line) }
	if err := process.Run(ctx, spec); err != nil {
		return fmt.Errorf("looking at the database: %w", withOutput(err))
	}
	found := strings.Fields(strings.Join(lines, " "))
	if len(found) != 3 {
		return fmt.Errorf("looking at the database: unexpected answer %q", lines)
	}
	day, _, _ := strings.Cut(strings.TrimPrefix(setUp, "@"), " ")
	switch {
	case found[0] != "0":
		return fmt.Errorf("the database is not empty: it has %s tables", found[0])
	case found[1] != day:
		return fmt.Errorf("the server's day is %s instead of %s: start it with faketime, too", found[1], day)
	case found[2] != charset:
		return fmt.Errorf("the database's character set is %s instead of %s", found[2], charset)
	}
	return nil
}

// client runs one query with the vendor's own client.
func (r *remote) client(query string) process.Spec {
	if r.vendor == database.MySQL {
		return r.tool("mariadb", "--batch", "--skip-column-names", "--execute", query, r.config.Name)
	}
	return r.tool("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", query, "--dbname", r.config.Name)
}

// tool is a call of one of the vendor's programs.
func (r *remote) tool(program string, args ...string) process.Spec {
	host := []string{"--host", r.config.Host, "--port", r.config.Port}
	if r.vendor == database.MySQL {
		return process.Spec{
			Path: program, Env: append(os.Environ(), "MYSQL_PWD="+r.config.Password),
			Args: append(append([]string{"--no-defaults", "--protocol", "tcp", "--user", r.config.User}, host...), args...),
		}
	}
	return process.Spec{
		Path: program, Env: append(os.Environ(), "PGPASSWORD="+r.config.Password, "PGSSLMODE=prefer"),
		Args: append(append([]string{"--no-password", "--username", r.config.User}, host...), args...),
	}
}

// dump writes the database as SQL, compressed, and returns the dump's size in
// bytes. It names neither the database nor an owner.
func (r *remote) dump(ctx context.Context, dir, out string) (int, error) {
	file := filepath.Join(dir, "dump.sql")
	spec := r.tool("pg_dump", "--format", "plain", "--no-owner", "--no-privileges", "--file", file, "--dbname", r.config.Name)
	if r.vendor == database.MySQL {
		spec = r.tool("mariadb-dump", "--single-transaction", "--skip-comments", "--skip-add-drop-table", "--skip-add-locks", "--hex-blob", "--no-tablespaces",
			"--default-character-set", "utf8mb4", "--result-file", file, r.config.Name)
	}
	if err := process.Run(ctx, spec); err != nil {
		return 0, fmt.Errorf("dumping the database: %w", withOutput(err))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("reading the dump: %w", err)
	}
	compressor, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, fmt.Errorf("compressing: %w", err)
	}
	packed := compressor.EncodeAll([]byte(portable(string(text))), nil)
	if err := renameio.WriteFile(out, packed, 0o644); err != nil {
		return 0, fmt.Errorf("writing %s: %w", out, err)
	}
	return len(packed), nil
}

// guards begin the lines with which psql 15.14 and mariadb 10.11.8 or newer
// forbid a dump the client's own commands.
var guards = []string{`\restrict `, `\unrestrict `, `/*!999999\-`, `/*M!999999\-`}

// portable drops the lines that only new clients understand: guards against dumps
// from strangers' servers, one of which is random as well.
func portable(dump string) string {
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		if !slices.ContainsFunc(guards, func(guard string) bool { return strings.HasPrefix(line, guard) }) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
