package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// object is what is neither a table nor a part of one.
type object struct {
	Kind string
	Name string
	Text string
}

// objects reads views, triggers, routines, types and the rest that a dump
// holds and a restore brings back, whoever restores. Extensions count by
// their names only: a restore installs the version that the server has. What
// only a superuser may restore (event triggers, subscriptions) is left out.
func objects(ctx context.Context, conn *pgx.Conn) ([]object, error) {
	own := func(class, alias string) string {
		return ownSchema + " AND " + notExtension(class, alias+".oid")
	}
	all, err := collect[object](ctx, conn, `
		SELECT 'schema', nspname::text, '' FROM pg_namespace AS n WHERE nspname <> 'public' AND `+own("pg_namespace", "n")+`
		UNION ALL
		SELECT 'extension', extname::text, '' FROM pg_extension
		UNION ALL
		SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, c.oid::regclass::text,
			concat_ws(E'\n', pg_get_viewdef(c.oid), array_to_string(c.reloptions, ','),
				(SELECT string_agg(pg_get_indexdef(i.indexrelid), E'\n' ORDER BY pg_get_indexdef(i.indexrelid))
				FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisvalid))
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND `+own("pg_class", "c")+`
		UNION ALL
		SELECT 'foreign table', c.oid::regclass::text, concat_ws(E'\n', s.srvname, f.ftoptions::text,
			(SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || coalesce(a.attfdwoptions::text, ''), ',' ORDER BY a.attname)
			FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
		FROM pg_foreign_table AS f JOIN pg_class AS c ON c.oid = f.ftrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_foreign_server AS s ON s.oid = f.ftserver WHERE `+own("pg_class", "c")+`
		UNION ALL
		SELECT 'trigger', t.tgrelid::regclass::text || ' ' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
		FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE NOT t.tgisinternal AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0' AND `+own("pg_class", "c")+`
		UNION ALL
		SELECT 'rule', r.ev_class::regclass::text || ' ' || r.rulename, pg_get_ruledef(r.oid) || ' ' || r.ev_enabled::text
		FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE r.rulename <> '_RETURN' AND `+own("pg_class", "c")+`
		UNION ALL
		SELECT 'policy', p.polrelid::regclass::text || ' ' || p.polname, concat_ws(' ', p.polcmd::text, p.polpermissive::text,
			pg_get_expr(p.polqual, p.polrelid), 'CHECK', pg_get_expr(p.polwithcheck, p.polrelid))
		FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE `+own("pg_class", "c")+`
		UNION ALL
		SELECT 'statistics', s.oid::text, pg_get_statisticsobjdef(s.oid)
		FROM pg_statistic_ext AS s JOIN pg_namespace AS n ON n.oid = s.stxnamespace WHERE `+own("pg_statistic_ext", "s")+`
		UNION ALL
		SELECT 'routine', p.oid::regprocedure::text, CASE WHEN p.prokind = 'a' THEN
			(SELECT concat_ws(' ', g.aggtransfn::text, g.aggfinalfn::text, format_type(g.aggtranstype, NULL), g.agginitval) FROM pg_aggregate AS g WHERE g.aggfnoid = p.oid)
			ELSE pg_get_functiondef(p.oid) END
		FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE `+own("pg_proc", "p")+`
		UNION ALL
		SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' WHEN 'c' THEN 'composite' ELSE 'type' END,
			t.oid::regtype::text, CASE t.typtype
			WHEN 'e' THEN (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid)
			WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull::text, pg_get_expr(t.typdefaultbin, 0),
				(SELECT string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid), ',' ORDER BY k.conname) FROM pg_constraint AS k WHERE k.contypid = t.oid AND k.contype = 'c'))
			WHEN 'r' THEN (SELECT format_type(r.rngsubtype, NULL) FROM pg_range AS r WHERE r.rngtypid = t.oid)
			WHEN 'c' THEN (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum)
				FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
			ELSE '' END
		FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace LEFT JOIN pg_class AS c ON c.oid = t.typrelid
		WHERE t.typtype IN ('e', 'd', 'r', 'c', 'b') AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c') AND `+own("pg_type", "t")+`
		UNION ALL
		SELECT 'large object', oid::text, '' FROM pg_largeobject_metadata`)
	if err != nil {
		return nil, fmt.Errorf("reading views, triggers and routines: %w", err)
	}
	for i, o := range all {
		switch o.Kind {
		case "statistics":
			all[i].Name = "" // its definition names it
		case "routine":
		default:
			all[i].Text = settle(o.Text)
		}
	}
	return all, nil
}

// objectsDigest depends on no order.
func objectsDigest(all []object) string {
	lines := make([]string, len(all))
	for i, o := range all {
		line, err := json.Marshal([]string{o.Kind, o.Name, o.Text})
		if err != nil {
			panic(err) // strings always marshal
		}
		lines[i] = string(line)
	}
	slices.Sort(lines)
	hash := sha256.New()
	for _, line := range lines {
		hash.Write([]byte(line + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
