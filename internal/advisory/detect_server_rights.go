package advisory

import (
	"context"
	"fmt"
	"strings"

	"bunnyhop/internal/database"
)

// tableRights are what Directus and its migrations do with rows and keys of
// their tables. CREATE, ALTER, DROP and INDEX belong to the owner of a table
// and of its schema in PostgreSQL, and are rights of their own in MySQL.
var tableRights = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"}

// detectRights tells from the server's own lists, without writing anything,
// whether the project's user may do what migrations do.
func detectRights(ctx context.Context, in Input) ([]string, bool, error) {
	look := postgresRights
	if in.Vendor == mysqlVendor {
		look = mysqlRights
	}
	evidence, err := look(ctx, in)
	return evidence, len(evidence) > 0, err
}

func detectScratchRights(ctx context.Context, in Input) ([]string, bool, error) {
	if in.Connection.ScratchElsewhere {
		return nil, false, nil
	}
	look := postgresScratch
	if in.Vendor == mysqlVendor {
		look = mysqlScratch
	}
	evidence, err := look(ctx, in)
	return evidence, len(evidence) > 0, err
}

// touchedTables is the condition for the tables that pending migrations may
// alter: those of Directus, and with 20231009A any that keeps a list of values
// in a column.
func touchedTables(in Input, column string) string {
	condition := column + ` LIKE 'directus!_%' ESCAPE '!'`
	if in.pending("20231009A") {
		condition += " OR " + column + " IN (SELECT collection FROM directus_fields WHERE special = 'cast-csv')"
	}
	return "(" + condition + ")"
}

func postgresRights(ctx context.Context, in Input) ([]string, error) {
	schema, err := one(ctx, in.DB, `SELECT current_user AS role, current_schema() AS name, quote_ident(current_user) AS quoted_role,
		quote_ident(current_schema()) AS quoted, has_schema_privilege(current_schema(), 'CREATE')::int AS may_create,
		has_schema_privilege(current_schema(), 'USAGE')::int AS may_use`)
	if err != nil {
		return nil, fmt.Errorf("reading the rights on the schema: %w", err)
	}
	var evidence []string
	if schema["may_create"] != "1" || schema["may_use"] != "1" {
		evidence = append(evidence, fmt.Sprintf("role %s may not make tables in schema %s: GRANT USAGE, CREATE ON SCHEMA %s TO %s;",
			schema["role"], schema["name"], schema["quoted"], schema["quoted_role"]))
	}
	privileges := make([]string, len(tableRights))
	for i, right := range tableRights {
		privileges[i] = fmt.Sprintf("has_table_privilege(c.oid, '%s')::int AS %s", right, strings.ToLower(right)+"_right")
	}
	tables, err := records(ctx, in.DB, `SELECT c.relname AS name, c.oid::regclass::text AS quoted, pg_get_userbyid(c.relowner) AS owner,
		pg_has_role(c.relowner, 'USAGE')::int AS owned, `+strings.Join(privileges, ", ")+`
		FROM pg_class AS c WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND `+touchedTables(in, "c.relname")+`
		ORDER BY c.relname`)
	if err != nil {
		return nil, fmt.Errorf("reading the rights on the tables: %w", err)
	}
	for _, table := range tables {
		if table["owned"] != "1" {
			evidence = append(evidence, fmt.Sprintf("table %s belongs to role %s, and only its owner may alter it: ALTER TABLE %s OWNER TO %s;",
				table["name"], table["owner"], table["quoted"], schema["quoted_role"]))
		}
		var missing []string
		for _, right := range tableRights {
			if table[strings.ToLower(right)+"_right"] != "1" {
				missing = append(missing, right)
			}
		}
		// A new owner has all of them.
		if list := strings.Join(missing, ", "); list != "" && table["owned"] == "1" {
			evidence = append(evidence, fmt.Sprintf("%s on table %s is taken from role %s: GRANT %s ON TABLE %s TO %s;",
				list, table["name"], schema["role"], list, table["quoted"], schema["quoted_role"]))
		}
	}
	return evidence, nil
}

func postgresScratch(ctx context.Context, in Input) ([]string, error) {
	role, err := one(ctx, in.DB, `SELECT current_user AS role, quote_ident(current_user) AS quoted,
		(SELECT (rolcreatedb OR rolsuper)::int FROM pg_roles WHERE rolname = current_user) AS may`)
	if err != nil {
		return nil, fmt.Errorf("reading the rights of the role: %w", err)
	}
	if role["may"] == "1" {
		return nil, nil
	}
	return []string{fmt.Sprintf("role %s may not make databases: ALTER ROLE %s CREATEDB;", role["role"], role["quoted"])}, nil
}

// mysqlNeeded are the rights that migrations use, in MySQL's words.
var mysqlNeeded = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES"}

func mysqlRights(ctx context.Context, in Input) ([]string, error) {
	held, err := readGrants(ctx, in)
	if err != nil {
		return nil, err
	}
	row, err := one(ctx, in.DB, "SELECT DATABASE() AS name")
	if err != nil {
		return nil, fmt.Errorf("asking for the name of the database: %w", err)
	}
	missing := strings.Join(held.missing(row["name"], mysqlNeeded), ", ")
	if missing == "" {
		return nil, nil
	}
	return []string{fmt.Sprintf("user %s lacks %s on database %s: GRANT %s ON %s.* TO %s;",
		held.account, missing, row["name"], missing, in.DB.Quote(escapePattern(row["name"])), held.quotedAccount())}, nil
}

func mysqlScratch(ctx context.Context, in Input) ([]string, error) {
	held, err := readGrants(ctx, in)
	if err != nil {
		return nil, err
	}
	missing := strings.Join(held.missing(database.ScratchName("any", "any"), mysqlNeeded), ", ")
	if missing == "" {
		return nil, nil
	}
	pattern := in.DB.Quote(escapePattern(database.ScratchPrefix) + "%")
	return []string{fmt.Sprintf("user %s lacks %s on databases whose name begins with %s: GRANT ALL PRIVILEGES ON %s.* TO %s;",
		held.account, missing, database.ScratchPrefix, pattern, held.quotedAccount())}, nil
}
