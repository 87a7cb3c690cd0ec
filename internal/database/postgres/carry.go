package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/progress"
)

// maxTold is how many things that could not be carried over are told.
const maxTold = 20

// listSettings are lists of names, which are stored quoted already
// (PostgreSQL 15, src/bin/pg_dump/dumputils.c, variable_is_guc_list_quote).
var listSettings = map[string]bool{
	"local_preload_libraries": true, "search_path": true, "session_preload_libraries": true,
	"shared_preload_libraries": true, "temp_tablespaces": true, "unix_socket_directories": true,
}

// copySettings gives one database the settings of another one (ALTER DATABASE
// … SET, and ALTER ROLE … IN DATABASE … SET).
func (a *admin) copySettings(ctx context.Context, from, to string, report progress.Reporter) error {
	settings, err := collect[struct{ Role, Name, Value string }](ctx, a.conn, `
		SELECT coalesce(r.rolname, ''), split_part(c.pair, '=', 1), substr(c.pair, strpos(c.pair, '=') + 1)
		FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
		LEFT JOIN pg_roles AS r ON r.oid = s.setrole, unnest(s.setconfig) AS c (pair)
		WHERE d.datname = $1 ORDER BY 1, 2`, from)
	if err != nil {
		return fmt.Errorf("reading the settings of the database: %w", describe(err, a.config))
	}
	var statements []string
	for _, s := range settings {
		value := literal(s.Value)
		if listSettings[s.Name] {
			if value = strings.TrimSpace(s.Value); value == "" || value == `""` {
				value = "''"
			}
		}
		owner := "ALTER DATABASE " + quote(to)
		if s.Role != "" {
			owner = "ALTER ROLE " + quote(s.Role) + " IN DATABASE " + quote(to)
		}
		// A setting of an extension has a name of two parts.
		name := strings.Join(quoteAll(strings.Split(s.Name, ".")), ".")
		statements = append(statements, owner+" SET "+name+" TO "+value)
	}
	return try(ctx, a.conn, statements, report)
}

func quoteAll(all []string) []string {
	quoted := make([]string, len(all))
	for i, name := range all {
		quoted[i] = quote(name)
	}
	return quoted
}

// copyDatabase gives one database the settings, the owner and the grants of
// another one.
func (a *admin) copyDatabase(ctx context.Context, from, to string, report progress.Reporter) error {
	if err := a.copySettings(ctx, from, to, report); err != nil {
		return err
	}
	rows, err := a.conn.Query(ctx, `
		SELECT format('ALTER DATABASE %1$I CONNECTION LIMIT %2$s', $2::text, datconnlimit) FROM pg_database WHERE datname = $1 AND datconnlimit > 0
		UNION ALL
		SELECT format('ALTER DATABASE %1$I OWNER TO %2$I', $2::text, r.rolname) FROM pg_database AS d JOIN pg_roles AS r ON r.oid = d.datdba
		WHERE d.datname = $1 AND r.rolname <> current_user
		UNION ALL
		SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text) FROM pg_database WHERE datname = $1 AND datacl IS NOT NULL
		UNION ALL
		SELECT format('GRANT %s ON DATABASE %I TO %s', x.privilege_type, $2::text, `+grantee+`)
		FROM pg_database AS d, aclexplode(d.datacl) AS x WHERE d.datname = $1 AND x.grantee <> d.datdba`, from, to)
	if err != nil {
		return fmt.Errorf("reading the grants on the database: %w", describe(err, a.config))
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("reading the grants on the database: %w", describe(err, a.config))
	}
	return try(ctx, a.conn, statements, report)
}

// grantee names the role of an entry x of an access list.
const grantee = `CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
	|| CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END`

// grants are the statements that give what is in a database its owners and
// grants again, where they are not simply the role that restores: first those
// of schemas, without which an owner could not be given a table.
func grants(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	relation := `CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END`
	owned := ownSchema + " AND "
	acl := func(place int, kind, name, acl, owner, rest string) string {
		return fmt.Sprintf(`UNION ALL
		SELECT %[7]d, format('REVOKE ALL ON %%s %%s FROM PUBLIC', %[1]s, %[2]s) %[5]s AND %[3]s IS NOT NULL
		UNION ALL
		SELECT %[7]d + 1, format('GRANT %%s ON %%s %%s TO %%s', x.privilege_type, %[1]s, %[2]s, `+grantee+`) %[6]s AND x.grantee <> %[4]s
		`, kind, name, acl, owner, rest, strings.Replace(rest, " WHERE ", ", aclexplode("+acl+") AS x WHERE ", 1), place)
	}
	rows, err := conn.Query(ctx, `SELECT text FROM (
		SELECT 3, format('ALTER %s %s OWNER TO %I', `+relation+`, c.oid::regclass, pg_get_userbyid(c.relowner))
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND pg_get_userbyid(c.relowner) <> current_user AND `+owned+notExtension("pg_class", "c.oid")+`
			AND NOT EXISTS (SELECT FROM pg_depend AS i WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid AND i.deptype IN ('a', 'i') AND i.refobjsubid > 0)
		UNION ALL
		SELECT 0, format('ALTER SCHEMA %I OWNER TO %I', n.nspname, pg_get_userbyid(n.nspowner)) FROM pg_namespace AS n
		WHERE pg_get_userbyid(n.nspowner) <> current_user AND n.nspname <> 'public' AND `+owned+notExtension("pg_namespace", "n.oid")+`
		UNION ALL
		SELECT 3, format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, pg_get_userbyid(p.proowner))
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
		WHERE pg_get_userbyid(p.proowner) <> current_user AND `+owned+notExtension("pg_proc", "p.oid")+`
		UNION ALL
		SELECT 3, format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, pg_get_userbyid(t.typowner))
		FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN pg_class AS c ON c.oid = t.typrelid
		WHERE t.typtype IN ('e', 'd', 'r', 'c') AND (c.oid IS NULL OR c.relkind = 'c') AND pg_get_userbyid(t.typowner) <> current_user AND `+owned+notExtension("pg_type", "t.oid")+`
		`+acl(4, "CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END", "c.oid::regclass", "c.relacl", "c.relowner",
		"FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND "+owned+notExtension("pg_class", "c.oid"))+
		acl(1, "'SCHEMA'", "quote_ident(n.nspname)", "n.nspacl", "n.nspowner",
			"FROM pg_namespace AS n WHERE "+owned+notExtension("pg_namespace", "n.oid"))+
		acl(4, "'ROUTINE'", "p.oid::regprocedure", "p.proacl", "p.proowner",
			"FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE "+owned+notExtension("pg_proc", "p.oid"))+
		acl(4, "'TYPE'", "t.oid::regtype", "t.typacl", "t.typowner",
			"FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r', 'c') AND "+owned+notExtension("pg_type", "t.oid"))+`
		UNION ALL
		SELECT 5, format('GRANT %s (%I) ON TABLE %s TO %s', x.privilege_type, a.attname, c.oid::regclass, `+grantee+`)
		FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace, aclexplode(a.attacl) AS x
		WHERE NOT a.attisdropped AND `+owned+notExtension("pg_class", "c.oid")+`
		UNION ALL
		SELECT 6, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s GRANT %s ON %s TO %s', pg_get_userbyid(d.defaclrole),
			CASE WHEN n.oid IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END, x.privilege_type,
			CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, `+grantee+`)
		FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) AS x
		WHERE x.grantee <> d.defaclrole
	) AS s (place, text) ORDER BY place, text COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("reading owners and grants: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading owners and grants: %w", err)
	}
	return all, nil
}

// absent are the codes for what is not there: a grant on a table that the
// dump does not have is none that is lost.
var absent = map[string]bool{"42P01": true, "42883": true, "3F000": true, "42704": true, "42703": true}

// try executes statements that may fail one by one, and tells which did.
func try(ctx context.Context, conn *pgx.Conn, statements []string, report progress.Reporter) error {
	told := 0
	for _, statement := range statements {
		_, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol)
		if conn.IsClosed() || ctx.Err() != nil {
			return fmt.Errorf("carrying over owners, grants and settings: %w", err)
		}
		if err != nil && !absent[codeOf(err)] {
			if told++; told <= maxTold {
				report.Output(fmt.Sprintf("could not be carried over: %s (%v)", statement, err))
			}
		}
	}
	if told > maxTold {
		report.Output(fmt.Sprintf("and %d more", told-maxTold))
	}
	return nil
}
