package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// upload is what a server from 12.2 on takes as a file, if IMPORT_MAX_FILE_SIZE
// does not say otherwise ("50mb", @directus/env 6.3).
const upload = 50 << 20

// weigh tells of a body that the server may refuse.
func (s *session) weigh(have *snapshot.Snapshot, size int) {
	if size > upload && atLeast(have.Directus, "12.2.0") {
		s.reporter.Output(fmt.Sprintf("what is sent has %s; the server takes it only if its IMPORT_MAX_FILE_SIZE allows that", megabytes(size)))
	}
}

func megabytes(size int) string { return fmt.Sprintf("%.1f MB", float64(size)/(1<<20)) }

// roomFor asks Directus 12 how many collections its licence allows. It counts
// before it deletes, and for every collection that it edits, after that, it asks
// for room for one more (@directus/api 12.4.0, dist/services/collections.js).
// How many there are is counted here: what the server tells of it is out of
// date after POST /schema/apply.
func (s *session) roomFor(ctx context.Context, have, want *snapshot.Snapshot) error {
	if !atLeast(have.Directus, "12.0.0") {
		return nil
	}
	before, after := stateOf(have), stateOf(want)
	used, created, deleted, edited := 0, 0, 0, false
	for _, c := range have.Collections {
		if active(c) {
			used++
			if after[thing{compare.Collection, c.Collection, ""}] == nil {
				deleted++
			}
		}
	}
	for _, c := range want.Collections {
		switch was := before[thing{compare.Collection, c.Collection, ""}]; {
		case was == nil && active(c):
			created++
		case was != nil && c.Meta["status"] == "active" && !same(was["meta"], any(c.Meta)):
			edited = true
		}
	}
	if created == 0 && !edited {
		return nil
	}
	most, err := s.server.CollectionLimit(ctx)
	if err != nil {
		s.notes = append(s.notes, "the server does not tell how many collections its licence allows: "+err.Error())
		return nil
	}
	switch {
	case most < 0:
		return nil
	case used+created > most:
		return &fault.Error{
			What:  fmt.Sprintf("the licence of the target allows %d collections; it has %d, and %d more were accepted", most, used, created),
			State: "nothing was changed",
			Hint:  "accept fewer new collections, make others inactive first, or enter a licence key in the Studio",
			Code:  fault.Blocked,
		}
	case edited && used+created-deleted >= most:
		return &fault.Error{
			What:  fmt.Sprintf("the target would have all of the %d collections that its licence allows, and Directus then refuses to edit one through its schema interface", most),
			State: "nothing was changed",
			Hint:  "accept the changes of collections themselves in a run of their own, before the new collections; where there is no room left, make one collection inactive first",
			Code:  fault.Blocked,
		}
	}
	return nil
}

// active reports whether a collection counts for the licence (@directus/api
// 12.4.0, dist/license/entitlements/lib/collections.js).
func active(c snapshot.Collection) bool {
	status, stated := c.Meta["status"]
	return c.Meta != nil && !c.Folder() && (!stated || status == "active")
}

// refused says what a server's no means.
func refused(err error, size int, what string) error {
	var answer *directus.APIError
	if !errors.As(err, &answer) {
		return fault.Wrap(err, what, "look at the server's log, then compare again")
	}
	said := fault.Wrap(err, what, "look at the server's log, then compare again")
	switch {
	case answer.Status == http.StatusRequestEntityTooLarge || answer.Code == "CONTENT_TOO_LARGE",
		// What 12.4.0 answers to a body that is larger than MAX_PAYLOAD_SIZE.
		answer.Code == "INVALID_PAYLOAD" && strings.Contains(answer.Error(), "request entity too large"):
		said.Hint = fmt.Sprintf("raise IMPORT_MAX_FILE_SIZE of the server above %s, and the limit of what stands before it (nginx: client_max_body_size), or accept fewer changes at a time", megabytes(size))
	case answer.Code == "LIMIT_EXCEEDED":
		said.Hint = "the licence of the target allows no more collections: accept fewer new ones, or enter a licence key in the Studio"
		said.Code = fault.Blocked
	case answer.Code == "FORBIDDEN" || answer.Status == http.StatusUnauthorized:
		said.Hint = "the token must be that of an administrator, and still be valid"
	case answer.Status == http.StatusNotFound:
		said.Hint = "the server has no schema interface: it needs Directus 9.23 or later, and the right address"
	case answer.Status == http.StatusGatewayTimeout || answer.Status == http.StatusBadGateway:
		said.Hint = "something before the server gave up waiting, and the server may go on: compare again in a few minutes"
	}
	return said
}

// use empties the caches and reads every new collection once: after a change
// of the data model a server can go on to refuse what it does not know yet.
func (s *session) use(ctx context.Context, before, after *snapshot.Snapshot) {
	if err := s.server.ClearCache(ctx); err != nil {
		s.notes = append(s.notes, "the server's cache was not emptied: "+err.Error())
	}
	known := stateOf(before)
	for _, c := range after.Collections {
		if c.Folder() || known[thing{compare.Collection, c.Collection, ""}] != nil {
			continue
		}
		if err := s.server.ReadOne(ctx, c.Collection); err != nil {
			s.notes = append(s.notes, fmt.Sprintf("the new collection %s cannot be read; restart the server: %v", c.Collection, err))
		}
	}
}
