package mysql

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/fault"
)

// object is what is neither a table nor a part of one: a view, a trigger, a
// routine, an event. The statement that makes it names neither the schema,
// unless a person wrote it there, nor a definer, so that whoever restores it
// becomes that. The session's settings under which it was made belong to it.
type object struct {
	Kind      string
	Name      string
	Statement string
	SQLMode   string `json:",omitempty"`
	Collation string `json:",omitempty"` // of the connection: that of its literals
	TimeZone  string `json:",omitempty"` // of an event
	// Columns are those of a view.
	Columns []string `json:"-"`
	// Enabled says that an event takes place. It is not a part of its digest:
	// in a copy, none does.
	Enabled bool   `json:"-"`
	Definer string `json:"-"`
}

// kinds are the kinds in the order in which they are made: what others are
// built of first.
var kinds = []string{"function", "procedure", "package", "package body", "view", "trigger", "event"}

func byKind(a, b object) int {
	return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
}

// definer is who made an object, right after CREATE. MariaDB knows roles,
// which have no host.
var definer = regexp.MustCompile("^(CREATE (?:OR REPLACE )?(?:ALGORITHM=\\w+ )?)DEFINER=(`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?|CURRENT_USER|CURRENT_ROLE) ")

func withoutDefiner(statement string) (text, who string) {
	m := definer.FindStringSubmatch(statement)
	if m == nil {
		return statement, ""
	}
	return m[1] + statement[len(m[0]):], m[2]
}

// visible fails when events or routines are kept back from the user, whose
// lists would just be empty. A right by way of a role is taken on trust.
func visible(ctx context.Context, conn *sql.Conn, schema string) error {
	missing := func(right, what string) error {
		account := who(ctx, conn)
		return fault.Newf("user %s has not the right to see %s, which a dump would leave out", account, what).
			WithHint("as root: GRANT %s ON %s.* TO %s", right, quote(pattern(schema)), account).WithCode(fault.Blocked)
	}
	events := "SHOW EVENTS FROM " + quote(schema) //nolint:gosec // quoted
	if _, err := conn.ExecContext(ctx, events); err != nil {
		if number := numberOf(err); number == errDatabaseDenied || number == errTableDenied || number == errNeedsRight {
			return missing("EVENT", "events")
		}
		return err
	}
	grants, err := collect(ctx, conn, one, "SHOW GRANTS")
	if err != nil {
		return err
	}
	for _, grant := range grants {
		rights, _, onSomething := strings.Cut(grant, " ON ")
		if !onSomething || routineRights.MatchString(rights) {
			return nil
		}
	}
	return missing("EXECUTE", "functions and procedures")
}

var routineRights = regexp.MustCompile(`ALL PRIVILEGES|EXECUTE|(?:CREATE|ALTER|SHOW_?) ?ROUTINE`)

// objects reads all of a schema. The connection's current schema has to be
// that one, or the server writes its name into every text. A text that the
// user may not read is an error.
func objects(ctx context.Context, conn *sql.Conn, schema string) ([]object, error) {
	var all []object
	for _, part := range []func(context.Context, *sql.Conn, string) ([]object, error){views, triggers, routines, events} {
		found, err := part(ctx, conn, schema)
		if err != nil {
			return nil, fmt.Errorf("reading views, triggers, routines and events: %w", err)
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, byKind)
	return all, nil
}

func views(ctx context.Context, conn *sql.Conn, schema string) ([]object, error) {
	names, err := collect(ctx, conn, one, "SELECT table_name FROM information_schema.tables WHERE"+inSchema+"AND table_type = 'VIEW' ORDER BY BINARY table_name", schema, schema)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, name := range names {
		o, err := show(ctx, conn, "view", name, "SHOW CREATE VIEW "+quote(name))
		if err != nil {
			return nil, err
		}
		// The text of a view that also reads another schema names its own one, as
		// the catalogue does for every view. In others, that name is a table's.
		full, err := collect(ctx, conn, one, "SELECT coalesce(view_definition, '') FROM information_schema.views WHERE"+inSchema+"AND table_name = ?", schema, schema, name)
		if err != nil {
			return nil, err
		}
		own := quote(schema) + "."
		if len(full) > 0 && strings.Count(o.Statement, own) >= strings.Count(full[0], own) {
			o.Statement = strings.ReplaceAll(o.Statement, own, "")
		}
		o.Columns, err = collect(ctx, conn, one, "SELECT column_name FROM information_schema.columns WHERE"+inSchema+"AND table_name = ? ORDER BY ordinal_position", schema, schema, name)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func routines(ctx context.Context, conn *sql.Conn, schema string) ([]object, error) {
	type routine struct{ kind, name string }
	found, err := collect(ctx, conn, func(r *routine) []any { return []any{&r.kind, &r.name} },
		"SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = ? AND BINARY routine_schema = ? ORDER BY 1, BINARY routine_name", schema, schema)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, r := range found {
		o, err := show(ctx, conn, strings.ToLower(r.kind), r.name, "SHOW CREATE "+r.kind+" "+quote(r.name))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func events(ctx context.Context, conn *sql.Conn, schema string) ([]object, error) {
	type event struct{ name, status string }
	found, err := collect(ctx, conn, func(e *event) []any { return []any{&e.name, &e.status} },
		"SELECT event_name, status FROM information_schema.events WHERE event_schema = ? AND BINARY event_schema = ? ORDER BY BINARY event_name", schema, schema)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, e := range found {
		o, err := show(ctx, conn, "event", e.name, "SHOW CREATE EVENT "+quote(e.name))
		if err != nil {
			return nil, err
		}
		o.Enabled = e.status == "ENABLED"
		o.Statement = disabled(o.Statement)
		all = append(all, o)
	}
	return all, nil
}

// eventStatus is where SHOW CREATE EVENT says whether an event takes place.
var eventStatus = regexp.MustCompile(` ON COMPLETION (NOT )?PRESERVE (ENABLE|DISABLE(?: ON (?:SLAVE|REPLICA))?)\b`)

// disabled is the statement of an event that does not take place.
func disabled(statement string) string {
	at := eventStatus.FindStringSubmatchIndex(statement)
	if at == nil {
		return statement
	}
	return statement[:at[4]] + "DISABLE" + statement[at[5]:]
}

// show runs a SHOW CREATE of an object. Its columns are found by their names,
// which differ a little between the kinds.
func show(ctx context.Context, conn *sql.Conn, kind, name, query string) (object, error) {
	o := object{Kind: kind, Name: name}
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return o, err
	}
	defer rows.Close() //nolint:errcheck // one row
	columns, err := rows.Columns()
	if err != nil {
		return o, err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if !rows.Next() {
		return o, cmp.Or(rows.Err(), fmt.Errorf("the %s %q is gone", kind, name))
	}
	if err := rows.Scan(into...); err != nil {
		return o, err
	}
	var statement sql.NullString
	for i, column := range columns {
		switch lower := strings.ToLower(column); {
		case lower == "sql_mode":
			o.SQLMode = values[i].String
		case lower == "time_zone":
			o.TimeZone = values[i].String
		case lower == "collation_connection":
			o.Collation = values[i].String
		case strings.HasPrefix(lower, "create "):
			statement = values[i]
		}
	}
	if !statement.Valid {
		return o, fault.Newf("the text of the %s %q cannot be read", kind, name).
			WithHint("as root, give the user the right to see it (SHOW CREATE ROUTINE, or SELECT ON mysql.*), or make it its owner")
	}
	o.Statement, o.Definer = withoutDefiner(statement.String)
	return o, rows.Err()
}

// triggers are put together from their parts, in the order in which the
// server runs them: the text that a person gave may name the schema. MariaDB
// lists those that a user may not read, without their texts; MySQL keeps them
// back, as from its own mysqldump.
func triggers(ctx context.Context, conn *sql.Conn, schema string) ([]object, error) {
	type trigger struct{ name, table, timing, event, body, mode, collation, definer string }
	found, err := collect(ctx, conn, func(t *trigger) []any {
		return []any{&t.name, &t.table, &t.timing, &t.event, &t.body, &t.mode, &t.collation, &t.definer}
	}, `SELECT trigger_name, event_object_table, action_timing, event_manipulation, coalesce(action_statement, ''),
			coalesce(sql_mode, ''), coalesce(collation_connection, ''), coalesce(definer, '')
		FROM information_schema.triggers WHERE trigger_schema = ? AND BINARY trigger_schema = ?
		ORDER BY BINARY event_object_table, action_timing, event_manipulation, action_order, BINARY trigger_name`, schema, schema)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, t := range found {
		if t.body == "" {
			return nil, fault.Newf("user %s has not the right to do this: to read the text of the trigger %q", who(ctx, conn), t.name).
				WithHint("as root: GRANT ALL PRIVILEGES ON %s.* TO %s", quote(pattern(schema)), who(ctx, conn))
		}
		all = append(all, object{
			Kind: "trigger", Name: t.name, SQLMode: t.mode, Collation: t.collation, Definer: t.definer,
			Statement: "CREATE TRIGGER " + quote(t.name) + " " + t.timing + " " + strings.ReplaceAll(t.event, ",", " OR ") + " ON " + quote(t.table) + " FOR EACH ROW " + t.body,
		})
	}
	return all, nil
}

// who is the user as the server knows it.
func who(ctx context.Context, conn *sql.Conn) string {
	var user string
	if err := conn.QueryRowContext(ctx, "SELECT CURRENT_USER()").Scan(&user); err != nil {
		return "…"
	}
	return accountOf(user)
}

// accountOf quotes a user as CURRENT_USER() names it.
func accountOf(user string) string {
	i := strings.LastIndexByte(user, '@')
	return literal(user[:max(i, 0)]) + "@" + literal(user[i+1:])
}

// objectsDigest depends on no order but that of triggers, and on no schema
// name.
func objectsDigest(all []object, sequences []string, own *qualifier) string {
	lines := slices.Clone(sequences)
	for _, o := range all {
		if o.Kind != "view" {
			o.Statement = own.replace(o.Statement, "")
		}
		line, err := json.Marshal(o)
		if err != nil {
			panic(err) // strings always marshal
		}
		lines = append(lines, string(line))
	}
	hash := sha256.New()
	for _, line := range lines {
		hash.Write([]byte(line + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// sequenceTexts describes MariaDB's sequences with their state.
func sequenceTexts(ctx context.Context, conn *sql.Conn, schema string, all []table) ([]string, error) {
	var texts []string
	for _, t := range all {
		if !t.sequence() {
			continue
		}
		var text string
		err := conn.QueryRowContext(ctx, `SELECT concat_ws(' ', next_not_cached_value, minimum_value, maximum_value, start_value, increment, cache_size, cycle_option, cycle_count)
			FROM `+quote(schema)+"."+quote(t.Name)).Scan(&text)
		if err != nil {
			return nil, fmt.Errorf("reading the sequence %q: %w", t.Name, err)
		}
		texts = append(texts, "sequence "+t.Name+" "+t.Engine+" "+text)
	}
	return texts, nil
}
