package directus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/directus"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// Output of Directus 10.13.4 and 11.17.4, recorded.
const (
	rawFailure = `{"level":30,"time":1795224804989,"pid":19221,"hostname":"vm","msg":"Running migrations..."}
{"level":30,"time":1795224804990,"pid":19221,"hostname":"vm","msg":"Applying My Own Thing..."}
{"level":30,"time":1795224804998,"pid":19221,"hostname":"vm","msg":"Applying Boom..."}
{"level":50,"time":1795224804999,"pid":19221,"hostname":"vm","err":{"type":"Error","message":"select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist","stack":"Error: select","errno":1,"code":"SQLITE_ERROR"},"msg":"select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist"}
{"level":50,"time":1795224805000,"pid":19221,"hostname":"vm","msg":"a later error"}`
	prettyFailure = `
   ╭─────────────────────╮
   │  Update available!  │
   ╰─────────────────────╯

[01:33:21.002] INFO: Running migrations...
[01:33:21.020] INFO: Applying My Own Thing...
[01:33:21.034] INFO: Applying Boom...
[01:33:21.035] ERROR: select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist
    err: {
      "type": "Error",
      "message": "select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist",
      "stack":
          Error: select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist
      "errno": 1,
      "code": "SQLITE_ERROR"
    }
[01:33:21.036] ERROR: a later error`
	prettyLoad = `[01:33:28.508] INFO: Running migrations...
[01:33:28.537] ERROR: top
second line
    err: {
      "type": "Error",
      "message": "top\nsecond line",
      "stack":
          Error: top
          second line
              at Object.<anonymous> (/srv/migrations/20300101B-boom.js:1:7)
              at async latest (file:///srv/node_modules/@directus/api/dist/database/migrations/run.js:96:49)
    }`
	prettyNull = `[01:33:32.429] INFO: Running migrations...
[01:33:32.445] INFO: Applying Boom...
[01:33:32.446] ERROR:
    msg: null`
	rawEmpty = `{"level":30,"msg":"Applying Boom..."}
{"level":50,"err":{"type":"Error","message":"from the error"},"msg":""}`
	crash = `Error: Knex: run
$ npm install sqlite3 --save
Could not locate the bindings file. Tried:
    at bindings (/srv/node_modules/bindings/bindings.js:126:9)`
	coloured = "[01:33:21.034] \x1b[32mINFO\x1b[39m: \x1b[36mApplying Boom...\x1b[39m\n[01:33:21.035] \x1b[31mERROR\x1b[39m: \x1b[36mred\x1b[39m"
)

// shell makes a CLI whose program is a shell script that prints a text and
// ends with a code.
func shell(t *testing.T, output string, code int) directus.CLI {
	t.Helper()
	script := fmt.Sprintf("cat <<'END-OF-OUTPUT'\n%s\nEND-OF-OUTPUT\nexit %d\n", output, code)
	root := write(t, t.TempDir(), map[string]string{"node_modules/directus/cli.js": script})
	return directus.CLI{Node: "/bin/sh", Tree: root, Dir: root, Environ: []string{"PATH=/usr/bin:/bin"}}
}

func TestMigrateLatestKeepsTheFirstError(t *testing.T) {
	t.Parallel()
	const noTable = "select * from does_not_exist - SQLITE_ERROR: no such table: does_not_exist"
	for name, c := range map[string]struct {
		output string
		want   directus.MigrateError
		text   string
	}{
		"raw":            {rawFailure, directus.MigrateError{First: noTable, Migration: "Boom", Applied: []string{"My Own Thing"}}, `the migration "Boom" failed: ` + noTable},
		"pretty":         {prettyFailure, directus.MigrateError{First: noTable, Migration: "Boom", Applied: []string{"My Own Thing"}}, `the migration "Boom" failed: ` + noTable},
		"fails to load":  {prettyLoad, directus.MigrateError{First: "top\nsecond line", File: "20300101B-boom.js"}, "the migration 20300101B-boom.js failed: top"},
		"throws nothing": {prettyNull, directus.MigrateError{First: "null", Migration: "Boom"}, `the migration "Boom" failed: null`},
		"raw, no text":   {rawEmpty, directus.MigrateError{First: "from the error", Migration: "Boom"}, `the migration "Boom" failed: from the error`},
		"never began":    {crash, directus.MigrateError{First: "Error: Knex: run $ npm install sqlite3 --save Could not locate the bindings file. Tried:"}, "the migration failed: Error: Knex: run $ npm install sqlite3 --save Could not locate the bindings file. Tried:"},
		"with colours":   {coloured, directus.MigrateError{First: "red", Migration: "Boom"}, `the migration "Boom" failed: red`},
		"no output":      {"", directus.MigrateError{First: "/bin/sh exited with 1"}, "the migration failed: /bin/sh exited with 1"},
	} {
		err := shell(t, c.output, 1).MigrateLatest(t.Context(), nil, progress.Discard)
		var got *directus.MigrateError
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var exit *process.ExitError
		if !errors.As(err, &exit) || exit.Code != 1 {
			t.Errorf("%s: the end of the process is lost: %v", name, got.Err)
		}
		if got.Error() != c.text {
			t.Errorf("%s: %q, want %q", name, got.Error(), c.text)
		}
		got.Err, got.Output = nil, nil
		if len(got.Applied) == 0 {
			got.Applied = nil
		}
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRunSaysWhatWentWrong: the error of a command is what Directus said, not
// only how the process ended.
func TestRunSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ output, want string }{
		"what it was doing, and why": {"[01:33:21.035] ERROR: Failed to create field \"a.b\"\n    err: {\n    }\n[01:33:21.036] ERROR: no such type\n", `Failed to create field "a.b": no such type (running directus schema apply: `},
		"once":                       {`{"level":50,"msg":"no such type"}`, "no such type (running directus schema apply: "},
		"a crash":                    {crash, "Error: Knex: run $ npm install sqlite3 --save Could not locate the bindings file. Tried: (running directus schema apply: "},
		"nothing":                    {"", "running directus schema apply: "},
	} {
		heard := &recorder{}
		err := shell(t, c.output, 1).Run(t.Context(), heard, "schema", "apply")
		var exit *process.ExitError
		if !errors.As(err, &exit) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if slices.ContainsFunc(heard.lines, func(line string) bool { return strings.HasPrefix(line, "{") }) {
			t.Errorf("%s: reported as it was logged: %q", name, heard.lines)
		}
	}
}

type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (*recorder) Progress(string, progress.Unit, int64, int64) {}

func (r *recorder) Output(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func TestMigrateLatestReportsAndRedacts(t *testing.T) {
	t.Parallel()
	cli := shell(t, `{"level":30,"msg":"Applying One..."}
{"level":30,"msg":"Applying Two..."}
{"level":30,"msg":"connected with hunter2"}
{"level":30,"msg":"Database up to date"}`, 0)
	cli.Redact = func(line string) string { return strings.ReplaceAll(line, "hunter2", "***") }
	var applied []string
	var out recorder
	if err := cli.MigrateLatest(t.Context(), func(title string, n int) { applied = append(applied, fmt.Sprint(n, " ", title)) }, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1 One", "2 Two"}, applied); diff != "" {
		t.Error(diff)
	}
	want := []string{"Applying One...", "Applying Two...", "connected with ***", "Database up to date"}
	if diff := cmp.Diff(want, out.lines); diff != "" {
		t.Error(diff)
	}
	failing := shell(t, "[00:00:00.000] ERROR: password hunter2 is wrong", 1)
	failing.Redact = cli.Redact
	err := failing.MigrateLatest(t.Context(), nil, progress.Discard)
	var exit *process.ExitError
	if err == nil || strings.Contains(err.Error(), "hunter2") || !errors.As(err, &exit) || strings.Contains(fmt.Sprint(exit.Last), "hunter2") {
		t.Errorf("a secret in the error: %v", err)
	}
}

func TestMigrateLatestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	root := write(t, t.TempDir(), map[string]string{"node_modules/directus/cli.js": "echo '{\"level\":30,\"msg\":\"Applying One...\"}'\nsleep 60\n"})
	ctx, cancel := context.WithCancel(t.Context())
	cli := directus.CLI{Node: "/bin/sh", Tree: root, Dir: root, Environ: []string{"PATH=/usr/bin:/bin"}}
	err := cli.MigrateLatest(ctx, func(string, int) { cancel() }, progress.Discard)
	var failed *directus.MigrateError
	if !errors.As(err, &failed) || !errors.Is(err, context.Canceled) || failed.Migration != "One" {
		t.Errorf("%v", err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	box := "   │  10.13.4 → 12.4.1  │\n"
	if v, err := shell(t, box+"11.17.4", 0).Version(t.Context()); v != "11.17.4" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := shell(t, box, 0).Version(t.Context()); err == nil {
		t.Error("no version said is an error")
	}
	if _, err := shell(t, "Error: ERR_DLOPEN_FAILED", 1).Version(t.Context()); err == nil {
		t.Error("a failure is an error")
	}
}
