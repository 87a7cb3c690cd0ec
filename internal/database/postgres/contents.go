package postgres

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"bunnyhop/internal/database/memfile"
)

// entry is a line of a dump's table of contents.
type entry struct {
	line string
	// text is the kind, the schema (or -), the name and the owner: "TABLE DATA
	// public authors blog". Line ends in names have become spaces.
	text string
}

func (e entry) is(kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(e.text, kind+" ") })
}

var entryLine = regexp.MustCompile(`^\d+; \d+ \d+ (.+)$`)

// contents lists what a dump holds.
func (t tools) contents(ctx context.Context, dump string) ([]entry, error) {
	var all []entry
	err := t.run(ctx, "", call{name: "pg_restore", args: []string{"--list", dump}, line: func(line string) {
		if m := entryLine.FindStringSubmatch(line); m != nil {
			all = append(all, entry{line: line, text: m[1]})
		}
	}})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("the dump %s is empty", dump)
	}
	return all, err
}

// useList is a file for pg_restore's --use-list.
func useList(entries []entry) (*os.File, error) {
	var text strings.Builder
	for _, e := range entries {
		text.WriteString(e.line + "\n")
	}
	return memfile.New("list", text.String())
}

// flat is a name as the table of contents shows it.
func flat(name string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(name) }

// dataEntry is how the text of a table's rows begins.
func dataEntry(schema, name string) string {
	return "TABLE DATA " + flat(schema) + " " + flat(name) + " "
}

// setValue is the statement in which a dump gives a sequence its value.
var setValue = regexp.MustCompile(`^SELECT pg_catalog\.setval\('((?:[^']|'')*)', (-?\d+), (true|false)\);$`)

// lastValuesOf reads the last values of the sequences from a dump: they know
// no transactions, so only the dump knows which ones it holds.
func (t tools) lastValuesOf(ctx context.Context, dump string, entries []entry, all []sequence) (lastValues, error) {
	sets := slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !e.is("SEQUENCE SET") })
	last := lastValues{}
	if len(sets) == 0 {
		return last, nil
	}
	list, err := useList(sets)
	if err != nil {
		return nil, err
	}
	defer list.Close() //nolint:errcheck // in memory only
	increments := map[string]int64{}
	for _, s := range all {
		increments[s.sql()] = s.Increment
	}
	err = t.run(ctx, "", call{
		name: "pg_restore", files: []*os.File{list},
		args: []string{"--file=-", "--use-list=/proc/self/fd/3", "--no-owner", dump},
		line: func(line string) {
			m := setValue.FindStringSubmatch(line)
			if m == nil {
				return
			}
			name, ok := requote(strings.ReplaceAll(m[1], "''", "'"))
			var value int64
			if _, err := fmt.Sscan(m[2], &value); err == nil && ok {
				last[name] = lastOf(value, m[3] == "true", increments[name])
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("reading the sequences of the dump: %w", err)
	}
	return last, nil
}

// requote quotes both parts of a name that is quoted only where needed.
func requote(name string) (string, bool) {
	var parts []string
	for name != "" {
		part := name
		if name[0] == '"' {
			n := skip(name)
			if n < 2 {
				return "", false
			}
			part, name = strings.ReplaceAll(name[1:n-1], `""`, `"`), name[n:]
		} else {
			part, name = cutAt(part, '.')
		}
		parts = append(parts, quote(part))
		name = strings.TrimPrefix(name, ".")
	}
	return strings.Join(parts, "."), len(parts) == 2
}

func cutAt(text string, c byte) (before, after string) {
	if i := strings.IndexByte(text, c); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}
