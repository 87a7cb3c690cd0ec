package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"time"

	"bunnyhop/internal/fault"
)

const (
	// holdWait is how long a lock on all tables is waited for, in seconds, and
	// holdTries how often.
	holdWait  = "3"
	holdTries = 3
	// holdAtLeast is what the dump tool gets of holdAtMost, however long the
	// catalogue took.
	holdAtLeast = 2 * time.Second
)

// holdAtMost is how long writers may be kept waiting. Tests, on machines that
// are busy, lengthen it.
var holdAtMost = 5 * time.Second

// hold keeps writers out for the moment in which two snapshots are begun: the
// dump tool's and the one that is fingerprinted. Both then are of one state.
type hold struct {
	conn   *sql.Conn
	held   bool
	since  time.Time
	reason error // why not
	late   bool  // the tool did not begin in time
}

// hold locks the tables. Without the right to, or on a server that is too
// busy, the dump goes on without.
func (j *dumping) hold(ctx context.Context, tables []table) (*hold, error) {
	if len(tables) == 0 {
		return &hold{held: true, since: time.Now()}, nil
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = quote(j.db.name) + "." + quote(t.Name) + " READ"
	}
	conn, err := j.db.sql.Conn(ctx)
	if err != nil {
		return nil, err
	}
	h := &hold{conn: conn}
	_, err = conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = "+holdWait+", SESSION innodb_lock_wait_timeout = "+holdWait)
	for range holdTries {
		if err != nil {
			break
		}
		_, err = conn.ExecContext(ctx, "LOCK TABLES "+strings.Join(names, ", "))
		if number := numberOf(err); number != errLockTimeout && number != errDeadlock {
			break
		}
	}
	switch numberOf(err) {
	case errDatabaseDenied, errTableDenied, errNeedsRight, errLockTimeout, errDeadlock:
		h.release()
		h.reason = describe(err, j.db.config)
		return h, nil
	}
	if err != nil {
		h.release()
		return nil, err
	}
	h.held, h.since = true, time.Now()
	return h, nil
}

// until waits for the tool to begin, not for long, and lets the writers go.
func (h *hold) until(ctx context.Context, begun <-chan struct{}) bool {
	defer h.release()
	if !h.held {
		return false
	}
	late := time.NewTimer(max(holdAtMost-time.Since(h.since), holdAtLeast))
	defer late.Stop()
	select {
	case <-begun:
		return true
	case <-late.C:
		h.late = true
	case <-ctx.Done():
	}
	return false
}

func (h *hold) why() string {
	if h.late {
		return "the dump tool took too long to begin"
	}
	if hint := fault.HintOf(h.reason); hint != "" && numberOf(h.reason) != errLockTimeout {
		return h.reason.Error() + " (" + hint + ")"
	}
	if h.reason != nil {
		return h.reason.Error()
	}
	return "the dump ended early"
}

// release closes the connection, and with it the lock.
func (h *hold) release() {
	if h.conn == nil {
		return
	}
	_ = h.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = h.conn.Close()
	h.conn = nil
}

// needsLock says why tables that this package writes itself cannot be dumped.
func (j *dumping) needsLock(reason error) error {
	names := make([]string, len(j.mine))
	for i, t := range j.mine {
		names[i] = t.Name
	}
	if reason == nil {
		reason = errors.New("the tables could not be locked")
	}
	return fault.Wrap(reason, "these tables hold what the dump tool does not write exactly (FLOAT), so that all have to be locked for a moment: "+strings.Join(names, ", "),
		"as root: GRANT LOCK TABLES, SELECT ON "+quote(pattern(j.db.name))+".* TO "+literal(j.db.config.User)+"@'…'; or try again when the server is less busy")
}
