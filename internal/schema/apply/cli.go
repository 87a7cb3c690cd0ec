package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/schema/compare"
	"bunnyhop/internal/schema/snapshot"
)

// CommandLine is Directus' own command line for a project that does not run.
type CommandLine struct {
	directus.CLI
	// Read reads the project's data model from its database.
	Read func(ctx context.Context) (*snapshot.Snapshot, error)
}

// ApplyCLI makes the accepted changes with `directus schema apply`, which
// looks at neither version nor vendor, has no hash, and always makes the whole
// data model what the file says. So the file holds all of it; what the command
// would do is asked for first, and has to be the accepted set as far as it
// tells: which things it creates, updates and deletes. Needs 9.7 or later.
func ApplyCLI(ctx context.Context, cli CommandLine, current *snapshot.Snapshot, accepted []compare.Change, reporter progress.Reporter) (*Outcome, error) {
	before, err := cli.Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the data model: %w", err)
	}
	if err := unchanged(current, before); err != nil {
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
	dir, err := os.MkdirTemp("", "bunnyhop-schema-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the snapshot: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a copy of what is known
	work := cliWork{cli: cli, dir: dir, reporter: reporter}
	goals := rounds(before, rendering.wanted)
	if !atLeast(before.Directus, "11.0.0") {
		goals = ungroup(before, goals)
	}
	have := before
	for i, goal := range goals {
		reporter.Progress("changing the data model", progress.Steps, int64(i), int64(len(goals)))
		if have, err = work.round(ctx, have, goal); err != nil {
			return work.failed(result, have, err)
		}
	}
	outcome, err := result.outcome(have)
	if err != nil {
		return nil, err
	}
	if goal := result.loosened(outcome); goal != nil {
		if have, err = work.round(ctx, have, goal); err != nil {
			return work.failed(result, have, err)
		}
		if outcome, err = result.outcome(have); err != nil {
			return nil, err
		}
	}
	outcome.Notes = []string{"servers that run have to be restarted: they do not know of the changes"}
	return outcome, nil
}

// cliWork is the work with one command line.
type cliWork struct {
	cli      CommandLine
	dir      string
	reporter progress.Reporter
	changed  bool // the command was told to change something
}

// round returns what is there after it, also with an error where it is known.
func (w *cliWork) round(ctx context.Context, have, want *snapshot.Snapshot) (*snapshot.Snapshot, error) {
	body, err := json.Marshal(want)
	if err != nil {
		return have, fmt.Errorf("writing the snapshot: %w", err)
	}
	path := filepath.Join(w.dir, "snapshot.json")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return have, fmt.Errorf("writing the snapshot: %w", err)
	}
	said := lines{Reporter: w.reporter}
	if err := w.cli.Run(ctx, &said, "schema", "apply", "--dry-run", path); err != nil {
		return have, fault.Wrap(err, "Directus does not say what it would change", "look at its output")
	}
	changes, err := compare.Compare(have, want)
	if err != nil {
		return have, err
	}
	if err := planned(said.all, changes.Changes, have, want); err != nil {
		return have, err
	}
	w.changed = true
	failure := w.cli.Run(ctx, w.reporter, "schema", "apply", "--yes", path)
	if failure != nil {
		ctx = context.WithoutCancel(ctx)
	}
	now, err := w.cli.Read(ctx)
	return now, errors.Join(failure, err)
}

func (w *cliWork) failed(result result, now *snapshot.Snapshot, failure error) (*Outcome, error) {
	return (&session{}).failed(result, now, w.changed, failure)
}

// lines keeps the output.
type lines struct {
	progress.Reporter
	all []string
}

func (l *lines) Output(line string) {
	l.all = append(l.all, line)
	l.Reporter.Output(line)
}

// planned checks the list that --dry-run prints ("  - Create posts.title")
// against the changes that make have into want.
func planned(output []string, changes []compare.Change, have, want *snapshot.Snapshot) error {
	told, wanted := toldBy(output), map[string]bool{}
	for _, c := range changes {
		for _, line := range linesOf(c) {
			wanted[line] = true
		}
	}
	before, after := stateOf(have), stateOf(want)
	allowed := map[string]bool{} // what may be told besides: spelling, keys that follow from relations
	for t, o := range before {
		if after[t] != nil && !same(o, after[t]) {
			allowed[section(t.entity)+"Update "+nameOf(t, o)] = true
		}
	}
	var problems []string
	for line := range told {
		if !wanted[line] && !allowed[line] {
			problems = append(problems, "it would also: "+line)
		}
	}
	for line := range wanted {
		if !told[line] && !allowed[line] {
			problems = append(problems, "it would not: "+line)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &fault.Error{
		What:  "directus schema apply would not do what was accepted: " + shorten(problems),
		State: "nothing was changed",
		Hint:  "start the project's server and try again: through the server, single changes can be left out",
		Code:  fault.Blocked,
	}
}

// toldBy reads the list; text with line breaks in it can only add to it.
func toldBy(output []string) map[string]bool {
	told, in := map[string]bool{}, ""
	for _, line := range output {
		switch line = strings.TrimRight(line, " \r"); line {
		case "Collections:", "Fields:", "System Fields:", "Relations:":
			in = line + " "
			continue
		}
		item, ok := strings.CutPrefix(line, "  - ")
		if !ok || in == "" {
			continue
		}
		if slices.ContainsFunc([]string{"Create ", "Update ", "Delete "}, func(verb string) bool { return strings.HasPrefix(item, verb) }) {
			told[in+item] = true
		}
	}
	return told
}

func section(entity compare.Entity) string {
	return map[compare.Entity]string{
		compare.Collection: "Collections: ", compare.Field: "Fields: ", compare.SystemIndex: "System Fields: ", compare.Relation: "Relations: ",
	}[entity]
}

func nameOf(t thing, o snapshot.Object) string {
	name := t.collection
	if t.field != "" {
		name += "." + t.field
	}
	if related := snapshot.Text(o, "related_collection"); related != "" {
		name += " → " + related
	}
	return name
}

// linesOf is how the list tells a change. A system field's entry is told as an
// update whatever happens to its index.
func linesOf(c compare.Change) []string {
	verbs := map[compare.Action][]string{
		compare.Create: {"Create "}, compare.Update: {"Update "}, compare.Delete: {"Delete "}, compare.Replace: {"Delete ", "Create "},
	}[c.Action]
	if c.Entity == compare.SystemIndex {
		verbs = []string{"Update "}
	}
	all := make([]string, len(verbs))
	for i, verb := range verbs {
		all[i] = section(c.Entity) + verb + nameOf(thingOf(c), snapshot.Object{"related_collection": c.Related})
	}
	return all
}

// ungroup takes what is to be deleted out of its group first: see ungrouped.
func ungroup(have *snapshot.Snapshot, goals []*snapshot.Snapshot) []*snapshot.Snapshot {
	first, after, changed := *have, stateOf(goals[0]), false
	first.Collections = slices.Clone(have.Collections)
	for i, c := range first.Collections {
		if after[thing{compare.Collection, c.Collection, ""}] == nil && snapshot.Text(c.Meta, "group") != "" {
			first.Collections[i].Meta, changed = with(c.Meta, "group", nil), true
		}
	}
	if !changed {
		return goals
	}
	return append([]*snapshot.Snapshot{&first}, goals...)
}
