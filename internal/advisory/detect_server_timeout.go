package advisory

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// limit is a time limit that holds for the statements of migrations.
type limit struct {
	name   string
	value  time.Duration
	origin string // who set it, for people
	// locks is set when only the waiting for a lock is limited, reads when only
	// the reading of rows is.
	locks, reads bool
	// lift and back are the statements that take the limit away for the upgrade
	// and bring it back.
	lift, back string
}

// Below these, a limit is a danger whatever the size of the tables: a slow
// disk, or a maintenance job of the server that has a table locked for a
// moment, is enough.
const (
	shortLimit = 5 * time.Second
	// slack is how many times slower than predicted a server may well be.
	slack = 10
)

// exceeded are the limits that a pending migration is predicted to run into,
// close those that a slower server would.
func (v timeView) exceeded() []string {
	return v.lines(func(l limit, w work) bool { return w.takes > l.value })
}

func (v timeView) close() []string {
	return v.lines(func(l limit, w work) bool { return w.takes <= l.value && w.takes*slack > l.value })
}

// timeView is what the limits and the pending work are.
type timeView struct {
	limits []limit
	works  []work
	others bool // somebody else has a session, and may hold a lock
}

func (v timeView) lines(affected func(limit, work) bool) []string {
	var lines []string
	for _, l := range v.limits {
		if l.locks {
			continue
		}
		var works []string
		for _, w := range v.works {
			if affected(l, w) && (!l.reads || w.reads) {
				works = append(works, w.String())
			}
		}
		if len(works) > 0 {
			lines = append(append(lines, l.String()), append(works, l.remedy()...)...)
		}
	}
	return lines
}

func (l limit) String() string { return fmt.Sprintf("%s is %s (%s)", l.name, l.value, l.origin) }

func (l limit) remedy() []string {
	return []string{"before the upgrade: " + l.lift, "after it: " + l.back}
}

// short lists the limits that are dangerous as they are.
func (v timeView) short() []string {
	var lines []string
	for _, l := range v.limits {
		if !l.reads && l.value < shortLimit || l.locks && v.others {
			lines = append(append(lines, l.String()), l.remedy()...)
		}
	}
	return lines
}

func readTimeView(ctx context.Context, in Input) (timeView, error) {
	var v timeView
	if len(in.Pending) == 0 {
		return v, nil
	}
	look := postgresLimits
	if in.Vendor == mysqlVendor {
		look = mysqlLimits
	}
	var err error
	if v.limits, err = look(ctx, in); err != nil || len(v.limits) == 0 {
		return v, err
	}
	if v.works, err = pendingWork(ctx, in); err != nil {
		return v, err
	}
	others, err := otherSessions(ctx, in)
	v.others = len(others) > 0
	return v, err
}

func detectTimeoutExceeded(ctx context.Context, in Input) ([]string, bool, error) {
	v, err := readTimeView(ctx, in)
	if err != nil {
		return nil, false, err
	}
	evidence := v.exceeded()
	return evidence, len(evidence) > 0, nil
}

// detectTimeout is silent about what detectTimeoutExceeded says.
func detectTimeout(ctx context.Context, in Input) ([]string, bool, error) {
	v, err := readTimeView(ctx, in)
	if err != nil || len(v.exceeded()) > 0 {
		return nil, false, err
	}
	evidence := v.short()
	if len(evidence) == 0 {
		evidence = v.close()
	}
	return evidence, len(evidence) > 0, nil
}

// postgresTimeouts are the server's settings that can end a statement, by
// whether only the waiting for a lock counts (transaction_timeout from
// PostgreSQL 17 on).
var postgresTimeouts = map[string]bool{"statement_timeout": false, "transaction_timeout": false, "lock_timeout": true}

// postgresLimits reads what a new session of the project's role gets. This
// program's own sessions have other values (reset_val is what such a session
// began with), and a project may ask for its own.
func postgresLimits(ctx context.Context, in Input) ([]limit, error) {
	rows, err := records(ctx, in.DB, `SELECT name, reset_val AS value, quote_ident(current_user) AS role, quote_ident(current_database()) AS database
		FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout', 'lock_timeout') ORDER BY name DESC`)
	if err != nil {
		return nil, fmt.Errorf("reading the time limits of the server: %w", err)
	}
	origins, err := postgresOrigins(ctx, in)
	if err != nil {
		return nil, err
	}
	var limits []limit
	for _, row := range rows {
		name := row["name"]
		l := limit{name: name, value: duration(row["value"]), locks: postgresTimeouts[name]}
		target := "ALTER ROLE " + row["role"] + " IN DATABASE " + row["database"]
		l.lift, l.back = target+" SET "+name+" = 0;", target+" RESET "+name+";"
		if found, ok := origins[name]; ok {
			l.origin = found.where
			if found.narrow {
				l.back = target + " SET " + name + " = " + quoted(found.value) + ";"
			}
		} else {
			l.origin = "set for the whole server"
		}
		if text, ok := in.Connection.Timeouts[name]; ok {
			l.value, l.origin = duration(text), "set by the project's own connection settings"
			l.lift, l.back = "take "+name+" out of DB_OPTIONS or DB_CONNECTION_STRING", "put it back"
		}
		if l.value > 0 {
			limits = append(limits, l)
		}
	}
	return limits, nil
}

// origin is where a setting of a role or a database comes from.
type origin struct {
	where, value string
	narrow       bool // set for this role in this database, and for nothing else
}

func postgresOrigins(ctx context.Context, in Input) (map[string]origin, error) {
	rows, err := records(ctx, in.DB, `SELECT split_part(c.entry, '=', 1) AS name, substr(c.entry, strpos(c.entry, '=') + 1) AS value,
			(s.setrole <> 0)::int AS role, (s.setdatabase <> 0)::int AS database
		FROM pg_db_role_setting AS s CROSS JOIN LATERAL unnest(s.setconfig) AS c (entry)
		WHERE s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
			AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
		ORDER BY (s.setrole <> 0)::int + (s.setdatabase <> 0)::int, (s.setrole <> 0)::int`)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of the role and the database: %w", err)
	}
	origins := map[string]origin{}
	for _, row := range rows { // the last one holds
		o := origin{value: row["value"], narrow: row["role"] == "1" && row["database"] == "1"}
		switch {
		case o.narrow:
			o.where = "set for the role in this database"
		case row["role"] == "1":
			o.where = "set for the role"
		case row["database"] == "1":
			o.where = "set for the database"
		default:
			o.where = "set for all roles"
		}
		origins[row["name"]] = o
	}
	return origins, nil
}

// duration reads a time as PostgreSQL does: milliseconds unless a unit says
// otherwise. What is not understood is 0.
func duration(text string) time.Duration {
	text = strings.Trim(strings.TrimSpace(text), `'"`)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789."))
	n, err := strconv.ParseFloat(text[:digits], 64)
	if err != nil {
		return 0
	}
	units := map[string]time.Duration{"us": time.Microsecond, "": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	return time.Duration(n * float64(units[strings.TrimSpace(text[digits:])]))
}

// mysqlLimits reads the limits of the server and of the account; a session
// begins with them, whatever this program's own sessions have set.
func mysqlLimits(ctx context.Context, in Input) ([]limit, error) {
	rows, err := records(ctx, in.DB, `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_statement_time', 'max_execution_time', 'lock_wait_timeout', 'innodb_lock_wait_timeout')`)
	if err != nil {
		return nil, fmt.Errorf("reading the time limits of the server: %w", err)
	}
	held, err := readGrants(ctx, in)
	if err != nil {
		return nil, err
	}
	var limits []limit
	for _, row := range rows {
		name, value := row["variable_name"], row["value"]
		l := limit{
			name: name, origin: "set for the whole server", locks: strings.HasSuffix(name, "lock_wait_timeout"),
			lift: "SET GLOBAL " + name + " = 0;", back: "SET GLOBAL " + name + " = " + value + ";",
		}
		if l.locks {
			l.lift = "SET GLOBAL " + name + " = 3600;"
		}
		unit := time.Second
		if name == "max_execution_time" { // of MySQL: milliseconds, and of SELECT only
			unit, l.reads = time.Millisecond, true
		}
		if name == "max_statement_time" && held.maxStatementTime != "" {
			value, l.origin = held.maxStatementTime, "set for the user "+held.account
			l.lift = "ALTER USER " + held.quotedAccount() + " WITH MAX_STATEMENT_TIME 0;"
			l.back = "ALTER USER " + held.quotedAccount() + " WITH MAX_STATEMENT_TIME " + value + ";"
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		// The servers' own limits for locks are no news: a day or a year for
		// tables, 50 seconds for rows.
		l.value = time.Duration(min(n, 1e9) * float64(unit))
		if l.locks && l.value >= 50*time.Second {
			continue
		}
		if l.value > 0 {
			limits = append(limits, l)
		}
	}
	return limits, nil
}
