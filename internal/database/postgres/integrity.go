package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"bunnyhop/internal/database"
)

// maxFound is how many findings are listed.
const maxFound = 10

// Integrity asks the server for failed checksums, and looks for references
// that lead nowhere, which a server only lets in while its checks are switched
// off. Damage to a row shows when all of them are read, by Fingerprint.
func (d *DB) Integrity(ctx context.Context) error {
	found := &database.IntegrityError{}
	err := d.read(ctx, func(conn *pgx.Conn) error {
		var failures int64
		// The column is new in 12, and NULL without checksums.
		err := conn.QueryRow(ctx, `SELECT coalesce((to_jsonb(s) ->> 'checksum_failures')::int8, 0)
			FROM pg_stat_database AS s WHERE datname = current_database()`).Scan(&failures)
		if err != nil {
			return err
		}
		if failures > 0 {
			found.Damage = append(found.Damage, fmt.Sprintf("the server has counted %d pages with a wrong checksum", failures))
		}
		found.ForeignKeys, err = danglings(ctx, conn)
		return err
	})
	if err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	if len(found.Damage) > 0 || len(found.ForeignKeys) > 0 {
		return found
	}
	return nil
}

// foreignKey is a constraint that the server believes to hold, with the
// operators by which it compares.
type foreignKey struct {
	Name      string
	Child     string
	Parent    string
	Children  []string
	Parents   []string
	Operators []string
	Whole     bool // the child or parent is partitioned: all partitions count
}

func danglings(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	keys, err := collect[foreignKey](ctx, conn, `SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
			(SELECT array_agg(quote_ident(a.attname) ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS u (num, n)
				JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.num),
			(SELECT array_agg(quote_ident(a.attname) ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (num, n)
				JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.num),
			(SELECT array_agg(format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.n) FROM unnest(k.conpfeqop) WITH ORDINALITY AS u (op, n)
				JOIN pg_operator AS o ON o.oid = u.op JOIN pg_namespace AS s ON s.oid = o.oprnamespace),
			c.relkind = 'p' OR p.relkind = 'p'
		FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS p ON p.oid = k.confrelid
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE k.contype = 'f' AND k.convalidated AND k.conparentid = 0 AND `+ownSchema+`
		ORDER BY 2, 1`)
	if err != nil {
		return nil, fmt.Errorf("listing the foreign keys: %w", err)
	}
	var found []string
	for _, k := range keys {
		var n int64
		if err := conn.QueryRow(ctx, k.query()).Scan(&n); err != nil {
			return nil, fmt.Errorf("checking the foreign key %q: %w", k.Name, err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d or more rows of %s point at nothing in %s (%s)", n, k.Child, k.Parent, k.Name))
		}
		if len(found) == maxFound {
			break
		}
	}
	return found, nil
}

// query counts rows of the child without a parent, the first ones only.
func (k foreignKey) query() string {
	only := "ONLY "
	if k.Whole {
		only = ""
	}
	var joins, set []string
	for i := range k.Children {
		joins = append(joins, fmt.Sprintf("p.%s %s c.%s", k.Parents[i], k.Operators[i], k.Children[i]))
		set = append(set, fmt.Sprintf("c.%s IS NOT NULL", k.Children[i]))
	}
	return fmt.Sprintf("SELECT count(*) FROM (SELECT FROM %s%s AS c WHERE %s AND NOT EXISTS (SELECT FROM %s%s AS p WHERE %s) LIMIT %d) AS d",
		only, k.Child, strings.Join(set, " AND "), only, k.Parent, strings.Join(joins, " AND "), maxFound)
}
