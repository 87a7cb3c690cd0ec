package steps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
	"bunnyhop/steps"
)

// awkward are secrets that are easily missed in JSON.
var awkward = map[string]string{
	"word":        "hunter2hunter2",
	"number":      "271828",
	"json":        `{"a":1}`,
	"quotes":      `pa"ss'wo"rd`,
	"backslash":   `C:\new\table`,
	"newline":     "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n",
	"html":        "<b>&amp;</b>",
	"unicode":     "pässwörd–\u2028–🐇",
	"url":         "p@ss/w:rd?#%",
	"control":     "bell\x07tab\tescape\x1b[31m",
	"not UTF-8":   "caf\xe9caf\xe9",
	"space":       " leading and trailing ",
	"long":        strings.Repeat("0123456789", 200),
	"boolean":     "true",
	"substring":   "hunter2hunter2-and-more",
	"in brackets": "[secret]x",
}

// told puts a text everywhere where a step can put one.
func told(ctx context.Context, r *steps.Run, text string) error {
	r.Output("line: " + text + " end")
	for line := range strings.Lines(text) {
		r.Output(strings.TrimSuffix(line, "\n")) // as a child prints it
	}
	if escaped, err := json.Marshal(map[string]string{"password": text}); err == nil {
		r.Output(string(escaped))
	}
	r.Output(fmt.Sprintf("quoted %q", text))
	r.Progress("copying "+text, progress.Files, 1, 2)
	r.Summary("used %s", text)
	if err := steps.NewSlot[map[string][]string]("record").Set(r, map[string][]string{"list": {"a", "x" + text + "y"}}); err != nil {
		return err
	}
	_, err := r.Ask(ctx, steps.Gate{
		ID: "findings", Kind: steps.GateFindings, Title: "saw " + text, Text: text,
		Choices:  []steps.Choice{{ID: "a", Title: text, Detail: text, Disabled: text}},
		Findings: []advisory.Finding{{ID: "f", Severity: advisory.Note, Title: text, Evidence: []string{text}, Remedy: text}},
		Changes:  []change.Change{{ID: "c", Title: text, Detail: text, Before: text, After: text}},
	})
	if err != nil {
		return err
	}
	return &fault.Error{What: "login with " + text + " failed", State: "state " + text, Hint: "try without " + text}
}

func TestSecretsReachNoFileAndNoEvent(t *testing.T) {
	for name, secret := range awkward {
		for _, phase := range []steps.Phase{steps.Prepare, steps.Cutover} {
			t.Run(fmt.Sprintf("%s %d", name, phase), func(t *testing.T) {
				s := newScene(t)
				f := s.fake("login")
				s.add("login", phase, byHand{undoable{f}, []string{"mysql -p" + secret}})
				f.onDo = func(ctx context.Context, r *steps.Run) error {
					r.HideSecrets([]string{"unrelated", secret})
					return told(ctx, r, secret)
				}
				f.onUndo = func(context.Context, *steps.Run) error { return fmt.Errorf("undoing with %s", secret) }
				s.flow.Result = func(*steps.Run) map[string]any {
					return map[string]any{"deep": []any{map[string]any{"text": secret}}, "number": 271828}
				}
				e := s.start(t)
				w := execute(t, e, defaultsOrNothing(t))
				if len(find[steps.GateOpened](w.events)) == 0 {
					t.Fatalf("the step did not come far: %+v", w.result)
				}
				raw, err := json.Marshal(append(w.events, steps.RunFinished{Result: w.result}))
				if err != nil {
					t.Fatal(err)
				}
				wantHidden(t, "events", raw, secret)
				for _, file := range []string{"journal.jsonl", "output.log"} {
					text, err := os.ReadFile(e.Run().Path(file))
					if err != nil {
						t.Fatal(err)
					}
					wantHidden(t, file, text, secret)
				}
				if !bytes.Contains(raw, []byte(`"number":271828`)) {
					t.Error("a number that looks like the secret was changed")
				}
				journal(t, e.Run().Dir) // the chain holds
			})
		}
	}
}

func defaultsOrNothing(t *testing.T) reader {
	return func(e *steps.Engine, event steps.Event) {
		if opened, ok := event.(steps.GateOpened); ok {
			answer(t, e, opened.Gate.ID, steps.Answer{Choice: opened.Gate.DefaultChoice()})
		}
	}
}

// wantHidden looks for the secret in a text and in every string of its JSON.
func wantHidden(t *testing.T, where string, text []byte, secret string) {
	t.Helper()
	forms := []string{secret}
	if escaped, err := json.Marshal(secret); err == nil {
		forms = append(forms, strings.Trim(string(escaped), `"`))
	}
	if quoted := strings.Trim(fmt.Sprintf("%q", secret), `"`); where == "output.log" {
		forms = append(forms, quoted)
	}
	for line := range strings.Lines(secret) {
		forms = append(forms, strings.TrimSpace(line))
	}
	seen := []string{string(text)}
	for line := range bytes.Lines(text) {
		var value any
		if json.Unmarshal(line, &value) == nil {
			seen = append(seen, allStrings(value)...)
		}
	}
	if secret == "271828" || secret == "true" { // they are numbers and words of JSON, too
		seen = seen[1:]
	}
	for _, form := range forms {
		if i := slices.IndexFunc(seen, func(s string) bool { return strings.Contains(s, form) }); i >= 0 {
			at := strings.Index(seen[i], form)
			t.Errorf("%s holds the secret as %q: …%q", where, form, seen[i][max(0, at-60):min(len(seen[i]), at+len(form)+20)])
		}
	}
}

func allStrings(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, allStrings(item)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, item := range v {
			all = append(all, allStrings(item)...)
		}
		return all
	}
	return nil
}

// Secrets become known bit by bit: an earlier one that is a part of a later
// one must not leave the rest of it.
func TestSecretsThatBecomeKnownLater(t *testing.T) {
	s := newScene(t)
	s.prepare("a")
	s.fakes["a"].onDo = func(_ context.Context, r *steps.Run) error {
		r.HideSecrets([]string{"abcd"})
		r.HideSecrets([]string{"abcd-efgh"})
		r.HideSecrets([]string{"abcd"})
		r.Output("abcd-efgh abcd")
		return nil
	}
	w := execute(t, s.start(t), nil)
	equal(t, "output", find[steps.Output](w.events)[0].Line, "[secret] [secret]")
}

// A weak password is a common word: it may stand in paths and in names that
// the run needs again. Hiding it must not change what the run knows.
func TestWeakSecretDoesNotChangeWhatTheRunKnows(t *testing.T) {
	path := steps.NewSlot[string]("backup")
	for _, secret := range []string{"directus", "backup", "step_done", "upgrade", "done", "target", "root"} {
		t.Run(secret, func(t *testing.T) {
			want := "/opt/" + secret + "/backups/1"
			gate := target("which " + secret)
			gate.Choices[0].ID = secret
			s := newScene(t)
			s.prepare("inspect", "stage")
			s.cutover("switch")
			s.fakes["inspect"].onDo = func(ctx context.Context, r *steps.Run) error {
				r.HideSecrets([]string{secret})
				if err := path.Set(r, want); err != nil {
					return err
				}
				got, err := path.Need(r)
				equal(t, "record in the same process", got, want)
				return err
			}
			s.fakes["stage"].onDo = func(ctx context.Context, r *steps.Run) error {
				_, err := r.Ask(ctx, gate)
				return err
			}
			s.fakes["switch"].onDo = failing("no")
			e := s.start(t)
			execute(t, e, choosing(t, secret, steps.ChooseStop))
			text, err := os.ReadFile(e.Run().Path("journal.jsonl"))
			if err != nil || strings.Contains(string(text), want) {
				t.Errorf("the journal holds the path (%v)", err)
			}
			closeEngine(t, e)

			summary := s.unfinished(t)
			got, found := path.Find(summary.Lines())
			equal(t, "record read from the journal", [2]any{got, found}, [2]any{want, true})
			if raw, err := json.Marshal(summary.Lines()); err != nil || strings.Contains(string(raw), want) {
				t.Errorf("the lines tell the path (%v)", err)
			}
			e = s.resume(t)
			got, err = path.Need(e.Run())
			equal(t, "record of a resumed run", got, want)
			if err != nil {
				t.Error(err)
			}
			equal(t, "status", rollback(t, e).result.Status, steps.RolledBack)
			closeEngine(t, e)
			if open, err := steps.Unfinished(s.root); open != nil || err != nil {
				t.Errorf("unfinished: %+v, %v", open, err)
			}
		})
	}
}

// What the journal does not tell is kept for the owner only, and a copy that
// is lost or changed is no record.
func TestExactRecordIsGuarded(t *testing.T) {
	path := steps.NewSlot[string]("backup")
	s := newScene(t)
	s.prepare("inspect", "stage")
	s.fakes["inspect"].onDo = func(_ context.Context, r *steps.Run) error {
		r.HideSecrets([]string{"directus"})
		return path.Set(r, "/opt/directus")
	}
	s.left(t, "stage")
	files, err := filepath.Glob(filepath.Join(s.unfinished(t).Dir, "records", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, damage := range []func() error{
		func() error { return os.WriteFile(files[0], []byte(`"/etc"`), 0o600) },
		func() error { return os.Remove(files[0]) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		e := s.resume(t)
		if value, err := path.Need(e.Run()); err == nil {
			t.Errorf("got %q", value)
		}
		closeEngine(t, e)
	}
}
