package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/backup"
	"bunnyhop/internal/change"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/overview"
)

// readDoc returns the sections of docs/json.md by heading.
func readDoc(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(data), "\n#") {
		head, body, _ := strings.Cut(part, "\n")
		for _, name := range strings.Split(strings.Trim(head, "# "), ", ") {
			sections[strings.Trim(name, "`")] += body
		}
	}
	return sections
}

// jsonNames lists the JSON names of a struct's fields.
func jsonNames(v any) []string {
	var names []string
	for field := range fieldsOf(reflect.TypeOf(v)) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	doc := readDoc(t)
	check := func(section string, v any) {
		t.Helper()
		text, ok := doc[section]
		if !ok {
			t.Errorf("docs/json.md has no section %q", section)
			return
		}
		for _, name := range jsonNames(v) {
			if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, `"`+name+`"`) {
				t.Errorf("docs/json.md: section %q does not name %s", section, name)
			}
		}
	}
	for _, e := range []steps.Event{
		steps.RunStarted{},
		steps.StepStarted{},
		steps.Progress{},
		steps.Output{},
		steps.Learned{},
		steps.GateOpened{},
		steps.GateAnswered{},
		steps.StepDone{},
		steps.StepFailed{},
		steps.UndoStarted{},
		steps.UndoDone{},
		steps.UndoFailed{},
	} {
		check(e.Kind(), e)
	}
	check("notice", noticeEvent{})
	check("result", steps.Result{})
	check("gate_opened", steps.Gate{})
	check("gate_opened", steps.Choice{})
	check("gate_answered", steps.Answer{})
	check("Findings", advisory.Finding{})
	check("Changes", change.Change{})
	check("status", overview.Overview{})
	check("status", overview.Run{})
	check("status", overview.Backup{})
	check("status", overview.Owner{})
	check("status", advisory.HalfDoneMigration{})
	check("versions", overview.VersionList{})
	check("versions", overview.VersionRow{})
	check("versions", advisory.Tally{})
	check("check", checked{})
	check("check", facts.PendingMigration{})
	check("check", advisory.Estimate{})
	check("check", facts.Extension{})
	check("check", facts.CheckedExtension{})
	check("check", advisory.ExtensionUse{})
	check("learned", facts.Releases{})
	check("learned", facts.Release{})
	check("learned", advisory.Outlook{})
	check("learned", advisory.Expected{})
	check("learned", facts.Target{})
	check("runs", steps.Summary{})
	check("run", steps.Line{})
	check("backups", backupRow{})
	check("backup_prune", pruneRow{})
	check("backup_verified", backup.Verification{})
}

// The examples in the document are JSON, and say the version and type that
// the program writes.
func TestDocumentedExamplesAreJSON(t *testing.T) {
	data, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(data, -1)
	if len(blocks) < 15 {
		t.Fatalf("only %d examples", len(blocks))
	}
	for _, block := range blocks {
		decoder := json.NewDecoder(bytes.NewReader(block[1]))
		for decoder.More() {
			var object map[string]any
			if err := decoder.Decode(&object); err != nil {
				t.Errorf("%v in\n%s", err, block[1])
				break
			}
			if v, ok := object["v"]; ok && v != float64(jsonVersion) {
				t.Errorf("version %v in\n%s", v, block[1])
			}
		}
	}
}

// fakeJSON runs a fake flow with --json and returns its lines.
func fakeJSON(t *testing.T, mode string, args ...string) (lines []map[string]any, code int) {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "blog")
	if err := os.Mkdir(root, 0o750); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "fakerun", append([]string{"--json", "--project", root}, args...)...)
	cmd.Env = append(os.Environ(), "FAKE="+mode, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	out, _ := cmd.Output()
	for raw := range bytes.Lines(out) {
		var line map[string]any
		if err := json.Unmarshal(raw, &line); err != nil {
			t.Fatalf("not JSON: %s", raw)
		}
		lines = append(lines, line)
	}
	return lines, cmd.ProcessState.ExitCode()
}

func TestJSONLines(t *testing.T) {
	doc := readDoc(t)
	for _, mode := range []string{"ok", "break", "stuck"} {
		t.Run(mode, func(t *testing.T) {
			lines, code := fakeJSON(t, mode, "--yes", "--override", "b1", "--confirm", "blog")
			if len(lines) < 20 {
				t.Fatalf("only %d lines", len(lines))
			}
			for i, line := range lines {
				kind, _ := line["type"].(string)
				text, ok := doc[kind]
				if !ok {
					t.Errorf("type %q is not documented", kind)
				}
				if line["v"] != 1.0 {
					t.Errorf("line %d has version %v", i, line["v"])
				}
				if _, err := time.Parse(time.RFC3339, line["time"].(string)); err != nil {
					t.Errorf("line %d: %v", i, err)
				}
				if last := i == len(lines)-1; (kind == "result") != last {
					t.Errorf("line %d of %d is a %s", i, len(lines), kind)
				}
				for name := range line {
					if name != "v" && name != "type" && name != "time" && !strings.Contains(text, name) {
						t.Errorf("%s: field %s is not documented", kind, name)
					}
				}
			}
			result := lines[len(lines)-1]
			if result["exit_code"] != float64(code) {
				t.Errorf("exit_code %v, the process exits with %d", result["exit_code"], code)
			}
		})
	}
}

func TestJSONResult(t *testing.T) {
	lines, _ := fakeJSON(t, "ok", "--yes", "--override", "b1", "--confirm", "blog")
	got := lines[len(lines)-1]
	for _, name := range []string{"time", "run", "project"} {
		if got[name] == nil {
			t.Errorf("%s is missing", name)
		}
		delete(got, name)
	}
	want := map[string]any{
		"v": 1.0, "type": "result", "status": "done", "flow": "upgrade", "from": "10.13.4", "to": "11.17.4",
		"backup": "/backups/b1", "downtime_seconds": 14.2, "exit_code": 0.0,
		"data": map[string]any{"report": []any{"everything is well"}, "next": []any{"look at the extensions"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What stops a run before it does anything still ends with a result.
func TestJSONResultWithoutAnswers(t *testing.T) {
	lines, code := fakeJSON(t, "ok")
	result := lines[len(lines)-1]
	if code != int(fault.Unanswered) || result["status"] != "unanswered" || result["downtime_seconds"] != nil {
		t.Errorf("code %d, %v", code, result)
	}
	if _, there := result["downtime_seconds"]; !there {
		t.Error("downtime_seconds is missing")
	}
}

func TestEventWithoutFields(t *testing.T) {
	var out bytes.Buffer
	a := &app{output: &output{w: &out}}
	a.writeEvent("x", time.Unix(0, 0), struct{}{})
	if got, want := out.String(), `{"v":1,"type":"x","time":"1970-01-01T00:00:00Z"}`+"\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}
