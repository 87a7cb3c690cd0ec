package advisory

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
)

// charsets is how the texts of a MySQL database are kept.
type charsets struct {
	database string // its default collation
	// fresh is the collation of tables that migrations make; unknown says that
	// DB_CHARSET is no character set of the server, so that none can be made.
	fresh   string
	unknown bool
	// configured is set when the project's configuration decides on fresh, and
	// not the database.
	configured bool
	tables     []tableCharset
}

type tableCharset struct {
	name, collation string
	system          bool // one of Directus; the others only count where foreign keys join them
	columns         []columnCharset
}

type columnCharset struct {
	name, collation string
	// json is set for what MariaDB makes of a JSON column: a long text with a
	// binary collation, on purpose.
	json bool
	// Of a JSON column, for the statement that keeps it one.
	nullable         bool
	standard, remark string
}

// plainName is what a character set or a collation may be called.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func readCharsets(ctx context.Context, in Input) (charsets, error) {
	var c charsets
	// A session keeps what @@collation_database was when it began.
	row, err := one(ctx, in.DB, "SELECT DEFAULT_COLLATION_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()")
	if err != nil {
		return c, fmt.Errorf("reading the collation of the database: %w", err)
	}
	c.database = row["name"]
	if err := c.readFresh(ctx, in); err != nil {
		return c, err
	}
	tables, err := records(ctx, in.DB, `SELECT TABLE_NAME AS name, TABLE_COLLATION AS collation FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`)
	if err != nil {
		return c, fmt.Errorf("reading the collations of the tables: %w", err)
	}
	columns, err := records(ctx, in.DB, `SELECT TABLE_NAME AS tbl, COLUMN_NAME AS name, COLLATION_NAME AS collation,
			IS_NULLABLE AS nullable, COLUMN_DEFAULT AS standard, COLUMN_COMMENT AS remark
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLLATION_NAME IS NOT NULL ORDER BY TABLE_NAME, ORDINAL_POSITION`)
	if err != nil {
		return c, fmt.Errorf("reading the collations of the columns: %w", err)
	}
	json, err := jsonColumns(ctx, in)
	if err != nil {
		return c, err
	}
	for _, table := range tables {
		t := tableCharset{name: table["name"], collation: table["collation"], system: directus.SystemTable(table["name"])}
		for _, column := range columns {
			if column["tbl"] == t.name {
				t.columns = append(t.columns, columnCharset{
					name: column["name"], collation: column["collation"],
					json:     json[t.name+"."+column["name"]],
					nullable: column["nullable"] == "YES", standard: column["standard"], remark: column["remark"],
				})
			}
		}
		c.tables = append(c.tables, t)
	}
	return c, nil
}

// jsonCheck is the check that MariaDB gives a JSON column.
var jsonCheck = regexp.MustCompile("^json_valid\\(`(.+)`\\)$")

// jsonColumns lists MariaDB's JSON columns as table.column. MySQL has a type
// of its own for them, without a collation.
func jsonColumns(ctx context.Context, in Input) (map[string]bool, error) {
	server, err := serverProduct(ctx, in)
	if err != nil || server.name != "MariaDB" {
		return nil, err
	}
	checks, err := records(ctx, in.DB, "SELECT TABLE_NAME AS tbl, CHECK_CLAUSE AS clause FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()")
	if err != nil {
		return nil, fmt.Errorf("reading the checks of the columns: %w", err)
	}
	columns := map[string]bool{}
	for _, check := range checks {
		if m := jsonCheck.FindStringSubmatch(check["clause"]); m != nil {
			columns[check["tbl"]+"."+m[1]] = true
		}
	}
	return columns, nil
}

// readFresh tells the collation of tables to come. With DB_CHARSET, knex makes
// them with that character set and its default collation, whatever the
// database's own is; the server says which that is.
func (c *charsets) readFresh(ctx context.Context, in Input) error {
	c.fresh = c.database
	c.configured = in.Connection.Charset != "" || in.Connection.Collate != ""
	charset, collate := in.Connection.Charset, in.Connection.Collate
	if plainName.MatchString(collate) {
		c.fresh = collate
	}
	if charset == "" {
		return nil
	}
	if !plainName.MatchString(charset) {
		c.unknown = true
		return nil
	}
	row, err := one(ctx, in.DB, "SELECT COLLATION(CONVERT('a' USING "+charset+")) AS name") //nolint:gosec // letters and digits only
	if err != nil {
		if strings.Contains(err.Error(), "1115") { // ER_UNKNOWN_CHARACTER_SET
			c.unknown = true
			return nil
		}
		return fmt.Errorf("asking for the collation of DB_CHARSET=%s: %w", charset, err)
	}
	if collate == "" {
		c.fresh = row["name"]
	}
	return nil
}

// usual is the collation that most columns of Directus' tables have.
func (c charsets) usual() string {
	if most := c.most(""); most != "" {
		return most
	}
	return c.database
}

// most is the most frequent of the collations that begin with a prefix, "" for
// none; of several, the database's own.
func (c charsets) most(prefix string) string {
	counts, best := map[string]int{}, ""
	for _, t := range c.tables {
		for _, column := range t.columns {
			if t.system && !column.json && strings.HasPrefix(column.collation, prefix) {
				counts[column.collation]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n > counts[best] || n == counts[best] && name == c.database {
			best = name
		}
	}
	return best
}

// unlike lists everything whose collation is not the usual one.
func (c charsets) unlike() []string {
	usual := c.usual()
	var lines []string
	if c.database != usual {
		lines = append(lines, "the database's default is "+c.database)
	}
	if c.fresh != usual && c.configured {
		lines = append(lines, "new tables would get "+c.fresh+", because of DB_CHARSET or DB_COLLATE")
	}
	for _, t := range c.tables {
		if !t.system {
			continue
		}
		if t.collation != usual {
			lines = append(lines, "the default of table "+t.name+" is "+t.collation)
		}
		for _, column := range t.columns {
			if column.collation != usual && !column.json {
				lines = append(lines, "column "+t.name+"."+column.name+" is "+column.collation)
			}
		}
	}
	if len(lines) > 0 {
		lines = append([]string{"most columns of Directus are " + usual}, lines...)
	}
	return lines
}

// of is the collation of a column when a migration joins it: as it is now, or
// that of its table where the column is still to come, or that of new tables.
func (c charsets) of(table, column string) string {
	for _, t := range c.tables {
		if t.name != table {
			continue
		}
		for _, have := range t.columns {
			if have.name == column {
				return have.collation
			}
		}
		return t.collation
	}
	return c.fresh
}

// foreignKey is one that a migration makes between columns of text.
type foreignKey struct{ migration, table, column, parent, key string }

// newForeignKeys are those of @directus/api 12.4.0, dist/database/migrations,
// without those between two new tables.
var newForeignKeys = []foreignKey{
	{"20211118A", "directus_notifications", "recipient", "directus_users", "id"},
	{"20211118A", "directus_notifications", "sender", "directus_users", "id"},
	{"20211211A", "directus_shares", "collection", "directus_collections", "collection"},
	{"20211211A", "directus_shares", "role", "directus_roles", "id"},
	{"20211211A", "directus_shares", "user_created", "directus_users", "id"},
	{"20211211A", "directus_sessions", "share", "directus_shares", "id"},
	{"20220429A", "directus_flows", "user_created", "directus_users", "id"},
	{"20220429A", "directus_operations", "user_created", "directus_users", "id"},
	{"20230721A", "directus_shares", "collection", "directus_collections", "collection"},
	{"20230823A", "directus_versions", "collection", "directus_collections", "collection"},
	{"20230823A", "directus_versions", "user_created", "directus_users", "id"},
	{"20230823A", "directus_versions", "user_updated", "directus_users", "id"},
	{"20230823A", "directus_revisions", "version", "directus_versions", "id"},
	{"20230927A", "directus_settings", "public_favicon", "directus_files", "id"},
	{"20240311A", "directus_webhooks", "migrated_flow", "directus_flows", "id"},
	{"20240422A", "directus_settings", "public_registration_role", "directus_roles", "id"},
	{"20240806A", "directus_roles", "parent", "directus_roles", "id"},
	{"20240806A", "directus_permissions", "policy", "directus_policies", "id"},
	{"20240806A", "directus_access", "role", "directus_roles", "id"},
	{"20240806A", "directus_access", "user", "directus_users", "id"},
	{"20240909A", "directus_comments", "user_created", "directus_users", "id"},
	{"20240909A", "directus_comments", "user_updated", "directus_users", "id"},
	{"20260204A", "directus_deployments", "user_created", "directus_users", "id"},
	{"20260204A", "directus_deployment_projects", "user_created", "directus_users", "id"},
	{"20260204A", "directus_deployment_runs", "user_created", "directus_users", "id"},
	{"20260512B", "directus_oauth_consents", "user", "directus_users", "id"},
	{"20260512B", "directus_oauth_codes", "user", "directus_users", "id"},
	{"20260512B", "directus_oauth_tokens", "user", "directus_users", "id"},
	{"20260512B", "directus_sessions", "oauth_client", "directus_oauth_clients", "client_id"},
	{"20260818A", "directus_flows", "folder", "directus_folders", "id"},
}

// broken lists the foreign keys to come that would join unlike columns, which
// the server refuses (errno 150).
func (c charsets) broken(in Input) []string {
	var lines []string
	for _, k := range newForeignKeys {
		if !in.pending(k.migration) {
			continue
		}
		child, parent := c.of(k.table, k.column), c.of(k.parent, k.key)
		if child != parent {
			lines = append(lines, fmt.Sprintf("%s would join %s.%s (%s) to %s.%s (%s)", k.migration, k.table, k.column, child, k.parent, k.key, parent))
		}
	}
	return lines
}

// newTables are the migrations that make tables.
var newTables = []string{
	"20211118A", "20211211A", "20220429A", "20230526A", "20230823A", "20231010A", "20240806A", "20240909A", "20260204A", "20260512B",
}

func detectUnlikeKeys(ctx context.Context, in Input) ([]string, bool, error) {
	c, err := readCharsets(ctx, in)
	if err != nil || c.unknown {
		return nil, false, err
	}
	broken := c.broken(in)
	if len(broken) == 0 {
		return nil, false, nil
	}
	script, err := c.script(ctx, in)
	return slices.Concat(broken, c.unlike(), script), true, err
}

// detectUnlikeTexts is silent where detectUnlikeKeys speaks.
func detectUnlikeTexts(ctx context.Context, in Input) ([]string, bool, error) {
	c, err := readCharsets(ctx, in)
	if err != nil || c.unknown || len(c.broken(in)) > 0 {
		return nil, false, err
	}
	evidence := c.unlike()
	if len(evidence) == 0 {
		return nil, false, nil
	}
	script, err := c.script(ctx, in)
	return append(evidence, script...), true, err
}

func detectUnknownCharset(ctx context.Context, in Input) ([]string, bool, error) {
	if in.Connection.Charset == "" || !slices.ContainsFunc(newTables, in.pending) {
		return nil, false, nil
	}
	var c charsets
	if err := c.readFresh(ctx, in); err != nil || !c.unknown {
		return nil, false, err
	}
	return []string{"DB_CHARSET=" + in.Connection.Charset + " is no character set of this server"}, true, nil
}
