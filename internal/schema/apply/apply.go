// Package apply makes accepted changes of a data model, and only these,
// through the project's own Directus: it says what is wanted in the words of
// that version, has it diffed there, checks that the diff is the accepted set,
// has it applied, and reads the data model again.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// Server is a project's running Directus, asked as an administrator.
type Server interface {
	snapshot.Server
	// SchemaDiff says what makes the server's data model into the given one;
	// nil: nothing.
	SchemaDiff(ctx context.Context, snapshot []byte, flags directus.DiffFlags) (*directus.SchemaDiff, error)
	// SchemaApply makes what the same server said, or a part of it.
	SchemaApply(ctx context.Context, diff directus.SchemaDiff, flags directus.DiffFlags) error
	ClearCache(ctx context.Context) error
	// ReadOne proves that the server knows a collection.
	ReadOne(ctx context.Context, collection string) error
	// CollectionLimit is asked from 12.0 on; -1: there is none.
	CollectionLimit(ctx context.Context) (int, error)
}

var _ Server = (*directus.Client)(nil)

// Apply makes the accepted changes on a running server, in one session.
// current is the data model that they were decided on: if the server has
// another one by now, nothing is done. A result that is not converged is no
// error. If there is an error and an outcome, a part was done.
func Apply(ctx context.Context, server Server, current *snapshot.Snapshot, accepted []compare.Change, reporter progress.Reporter) (*Outcome, error) {
	session := session{server: server, reporter: reporter}
	before, err := session.unchanged(ctx, current)
	if err != nil {
		return nil, err
	}
	rendering, err := render(before, accepted)
	if err != nil {
		return nil, err
	}
	result := result{before: before, rendering: rendering, accepted: accepted}
	if len(accepted) == 0 {
		return result.outcome(before)
	}
	if err := session.roomFor(ctx, before, rendering.wanted); err != nil {
		return nil, err
	}
	have, goals := before, rounds(before, rendering.wanted)
	for i, goal := range goals {
		reporter.Progress("changing the data model", progress.Steps, int64(i), int64(len(goals)))
		sent, err := session.round(ctx, have, goal)
		if err == nil || sent || i > 0 {
			have, err = session.readAgain(ctx, err)
		}
		if err != nil {
			return session.failed(result, have, sent || i > 0, err)
		}
	}
	reporter.Progress("changing the data model", progress.Steps, int64(len(goals)), int64(len(goals)))
	outcome, err := result.outcome(have)
	if err != nil {
		return nil, err
	}
	if goal := result.loosened(outcome); goal != nil {
		_, err := session.round(ctx, have, goal)
		if have, err = session.readAgain(ctx, err); err != nil {
			return session.failed(result, have, true, err)
		}
		if outcome, err = result.outcome(have); err != nil {
			return nil, err
		}
	}
	session.use(ctx, before, have)
	outcome.Notes = session.notes
	return outcome, nil
}

// session is the work with one server.
type session struct {
	server   Server
	reporter progress.Reporter
	notes    []string
}

// unchanged reads the server's data model and refuses another one than the
// decisions were taken on.
func (s *session) unchanged(ctx context.Context, current *snapshot.Snapshot) (*snapshot.Snapshot, error) {
	now, err := snapshot.Fetch(ctx, s.server)
	if err != nil {
		return nil, err
	}
	return now, unchanged(current, now)
}

func unchanged(current, now *snapshot.Snapshot) error {
	changed := func(format string, args ...any) error {
		return &fault.Error{
			What: "the target's data model has changed since it was reviewed: " + fmt.Sprintf(format, args...), State: "nothing was changed",
			Hint: "compare again, and decide again",
		}
	}
	if now.Directus != current.Directus {
		return changed("it was of Directus %s, and is of %s", current.Directus, now.Directus)
	}
	if now.Vendor != current.Vendor && current.Vendor != "" {
		return changed("it was on %s, and is on %s", current.Vendor, now.Vendor)
	}
	result, err := compare.Compare(current, now)
	if err != nil {
		return err
	}
	if len(result.Changes) > 0 {
		return changed("%s", shorten(keysOf(result.Changes)))
	}
	return nil
}

func keysOf(changes []compare.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = string(c.Action) + " " + c.Key()
	}
	return all
}

// round makes one state into another. sent says that the server was asked to
// change something.
func (s *session) round(ctx context.Context, have, want *snapshot.Snapshot) (sent bool, err error) {
	flags := directus.DiffFlags{Explicit: atLeast(have.Directus, "12.2.0")}
	body, err := json.Marshal(want)
	if err != nil {
		return false, fmt.Errorf("writing the snapshot: %w", err)
	}
	s.weigh(have, len(body))
	s.reporter.Output("the server compares its data model with the wanted one")
	answer, err := s.server.SchemaDiff(ctx, body, flags)
	if err != nil {
		return false, refused(err, len(body), "the server does not compare its data model with the wanted one")
	}
	if answer == nil {
		answer = &directus.SchemaDiff{Diff: json.RawMessage("{}")}
	}
	diff, err := ParseDiff(answer)
	if err != nil {
		return false, err
	}
	diff, left, err := Select(diff, have, want)
	if err != nil {
		return false, err
	}
	if len(left) > 0 {
		s.notes = append(s.notes, fmt.Sprintf("left out what the server sees between its data model and itself: %s", shorten(left)))
	}
	count := len(diff.Entries())
	if count == 0 {
		return false, nil
	}
	send, err := diff.Encode()
	if err != nil {
		return false, err
	}
	s.weigh(have, len(send.Diff))
	s.reporter.Output(fmt.Sprintf("the server changes %d things", count))
	if err := s.server.SchemaApply(ctx, send, flags); err != nil {
		return true, refused(err, len(send.Diff), "the server does not make the changes")
	}
	return true, nil
}

// readAgain reads what the server has now, also after a failure. Then it may
// go on to tell of the columns that it knew before.
func (s *session) readAgain(ctx context.Context, failure error) (*snapshot.Snapshot, error) {
	if failure != nil {
		ctx = context.WithoutCancel(ctx)
		if err := s.server.ClearCache(ctx); err != nil {
			failure = errors.Join(failure, err)
		}
	}
	now, err := snapshot.Fetch(ctx, s.server)
	return now, errors.Join(failure, err)
}

// failed says what is there after a failure: SQLite and PostgreSQL take back
// what was not finished, MySQL does not.
func (s *session) failed(result result, now *snapshot.Snapshot, sent bool, failure error) (*Outcome, error) {
	if !sent {
		return nil, failure
	}
	if now == nil {
		return nil, &fault.Error{
			What: "changing the data model", Err: failure, Code: fault.NeedsPerson,
			State: "it is not known what was changed: the server could not be asked again",
			Hint:  "compare again when the server answers",
		}
	}
	outcome, err := result.outcome(now)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	changed, err := compare.Compare(result.before, now)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	if len(changed.Changes) == 0 {
		return nil, &fault.Error{Err: failure, State: "read again: nothing was changed", Hint: fault.HintOf(failure), Code: fault.CodeOf(failure)}
	}
	return outcome, &fault.Error{
		Err: failure, Code: fault.NeedsPerson,
		State: "read again: a part was changed: " + shorten(keysOf(changed.Changes)),
		Hint:  "compare again and decide what to do with the rest, or put the recorded state back",
	}
}
