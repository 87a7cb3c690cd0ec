package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bunnyhop/internal/database"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/project"
	"bunnyhop/steps/testbed"
)

// chapter is a command of the README, or one between them.
type chapter struct {
	command string               // as the README has it; "" where it has none
	run     string               // what is run where the README has no command
	by      func(*story) string  // runs it in another way, and returns what it printed
	code    fault.Code           // as the process exits
	says    string               // part of what is printed
	then    func(*story, string) // looks at what became of it
}

// chapters are the README's commands in an order in which they make one story.
// Every command of the README is here, or in told.
var chapters = []chapter{
	{command: "bunnyhop status --project /srv/blog", says: "Directus   10.13.4"},
	{command: "bunnyhop versions --project /srv/blog", says: "11.17.4"},
	{command: "bunnyhop check --project /srv/blog --to 12.4.0", code: fault.Blocked, says: "BLOCKER 12.0-custom-permissions", then: (*story).unchanged},
	{command: "bunnyhop check --project /srv/blog --to 11.17.4 --markdown", says: "# newsroom: Directus 10.13.4 → 11.17.4"},
	// On a terminal it is the wizard, which has a test of its own.
	{command: "bunnyhop", code: fault.Usage, says: "the wizard needs a terminal"},
	{command: "bunnyhop upgrade --project /srv/blog --to 11.17.4 --yes --dry-run", says: "nothing of the project was changed", then: (*story).unchanged},

	{command: "bunnyhop backup --project /srv/blog --yes", says: "Backed up and proved", then: (*story).backedUp},
	{command: "bunnyhop backup list --project /srv/blog", says: "proved", then: (*story).listed},
	{command: "bunnyhop backup verify ID --project /srv/blog", says: "every digest is right"},
	{command: "bunnyhop backup verify ID --restore --project /srv/blog", says: "Its database was restored and compared"},
	{command: "bunnyhop restore ID --project /srv/blog --as /srv/blog-copy.db", says: "DB_FILENAME=", then: (*story).unchanged},
	{run: "bunnyhop backup --project /srv/blog --yes --json", by: (*story).killed},
	{command: "bunnyhop resume --project /srv/blog --yes", says: "Backed up and proved"},

	{command: "bunnyhop upgrade --project /srv/blog --to 11.17.4 --yes --json", then: (*story).upgraded},
	{command: "bunnyhop rollback --project /srv/blog --yes", says: "Directus 10.13.4 is back", then: (*story).unchanged},
	{run: "bunnyhop upgrade --project /srv/blog --to 12.4.0 --yes", code: fault.Blocked, says: "12.0-custom-permissions", then: (*story).unchanged},
	{
		command: "bunnyhop upgrade --project /srv/blog --to 12.4.0 --yes --override 12.0-custom-permissions --override 12.0-seats",
		says:    "Directus 12.4.0 is running", then: func(s *story, _ string) { s.answers("12.4.0") },
	},
	{command: "bunnyhop rollback --project /srv/blog --yes", says: "Directus 10.13.4 is back", then: (*story).unchanged},
	{run: "bunnyhop restore ID --project /srv/blog --yes", code: fault.Unanswered, says: "--confirm", then: (*story).unchanged},
	{command: "bunnyhop restore ID --project /srv/blog --confirm blog", says: "Restored", then: (*story).unchanged},
	{command: "bunnyhop runs --project /srv/blog", says: "10.13.4 → 12.4.0"},
	{command: "bunnyhop backup prune --project /srv/blog --keep 20 --older-than 90d --dry-run", says: "the newest proved one of 10.13.4, which is installed"},
	{run: "bunnyhop backup prune --project /srv/blog --keep 1 --yes", code: fault.Unanswered, says: "--confirm"},
	{command: "bunnyhop backup prune --project /srv/blog --keep 20 --older-than 90d --confirm blog", says: "what may stay: the newest 20, none older than 90 days"},
	{run: "bunnyhop backup prune --project /srv/blog --keep 1 --confirm blog", says: "came back", then: (*story).pruned},

	{command: "go run ./cmd/bunnyhop demo", by: (*story).demo, says: "Directus 11.17.4 is installed and proved"},
}

const (
	settingsTold = "settings; TestReadmeSettings reads them"
	bucketTold   = "needs a bucket; the tests in backup_bucket_test.go have one"
)

// told are the lines of the README that are only looked for.
var told = map[string]string{
	"go install ./cmd/bunnyhop":  "made the program that the story is told with",
	"go test -timeout 80m ./...": "runs this test",
	"bunnyhop restore ID --project /srv/blog --as postgres://other@host/db":      "needs a PostgreSQL; TestRestoreAs has one",
	"bunnyhop backup verify ID --bucket --project /srv/blog":                     bucketTold,
	"bunnyhop restore ID --project /srv/blog --identity blog.key --confirm blog": bucketTold,
	"bunnyhop backup upload ID --project /srv/blog":                              bucketTold,
	"backup_bucket:":                     settingsTold,
	"  endpoint: https://s3.example.org": settingsTold,
	"  bucket: backups":                  settingsTold,
	"  prefix: blog":                     settingsTold,
	"  credentials_file: /root/.config/bunnyhop/bucket.key":                        settingsTold,
	"encrypt_to: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]": settingsTold,
	"keep_in_bucket: 30":                                                     settingsTold,
	"ALTER ROLE blog CREATEDB;":                                              "a statement for PostgreSQL",
	"GRANT ALL PRIVILEGES ON `bunnyhop\\_%`.* TO blog;":                      "a statement for MySQL",
	"bunnyhop upgrade --project /srv/blog --to 11.17.4 --schema schema.yaml": "a flow of its own; TestUpgradeWithDataModel in steps/upgrade runs it",
	"bunnyhop promote schema.yaml https://cms.example.com --dry-run":         "needs a server; TestPromoteServer has one",
	"stop: systemctl stop blog":                                              settingsTold,
	"start: systemctl start blog":                                            settingsTold,
}

func TestReadmeHasWhatIsTested(t *testing.T) {
	tested := maps.Clone(told)
	for _, c := range slices.Concat(chapters, promotions) {
		if c.command != "" {
			tested[c.command] = "run by TestReadme"
		}
	}
	want := slices.Sorted(maps.Keys(tested))
	var got []string
	for line := range strings.SplitSeq(readme(t), "\n") {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			got = append(got, command)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("commands (-tested +README):\n" + diff)
	}
}

// TestReadme runs every command of the README on a real project.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := testbed.Apart(t)
	p.Serve()
	s := &story{Project: p, t: t, program: install(t), name: filepath.Base(p.Root), before: p.Fingerprint()}
	for _, c := range chapters {
		s.tell(c)
	}
}

// story is a project whose life the chapters tell.
type story struct {
	*testbed.Project
	t       *testing.T
	program string
	name    string               // of the project
	backup  string               // the ID of the first backup
	before  database.Fingerprint // of the whole database, as it was at first
	promotion
}

func (s *story) tell(c chapter) {
	s.t.Helper()
	var out string
	switch {
	case c.by != nil:
		out = c.by(s)
	default:
		cmd := s.command(c.command + c.run)
		stdout, stderr, code := execute(s.t, cmd)
		if out = stdout + stderr; code != int(c.code) {
			s.t.Fatalf("%s: exit code %d, want %d\n%s", strings.Join(cmd.Args, " "), code, c.code, out)
		}
	}
	if !strings.Contains(out, c.says) {
		s.t.Fatalf("%s%s does not say %q:\n%s", c.command, c.run, c.says, out)
	}
	if c.then != nil {
		c.then(s, out)
	}
}

// command makes a command of the README one for this project. It is run in a
// folder that is not the project, unless it says nothing of where that is.
func (s *story) command(line string) *exec.Cmd {
	names := strings.NewReplacer("/srv/blog", s.Root, "/srv/staging", s.staging, "schema.yaml", s.snapshot, "blog", s.name, "ID", s.backup, "RUN", s.run)
	words := strings.Fields(line)
	for i := range words {
		words[i] = names.Replace(words[i])
	}
	if words[0] != "bunnyhop" {
		s.t.Fatalf("%q is not a command of bunnyhop", line)
	}
	cmd := exec.CommandContext(s.t.Context(), s.program, words[1:]...)
	cmd.Env, cmd.Dir = s.Environ(), s.t.TempDir()
	if !slices.Contains(words, "--project") {
		cmd.Dir = s.Root
	}
	return cmd
}

// answers checks that the project's server runs, and its version.
func (s *story) answers(want string) {
	s.t.Helper()
	if version, err := s.Version(); err != nil || version != want {
		s.t.Fatalf("the server says %q, %v; want %s", version, err, want)
	}
}

// unchanged checks that version and data are what they were at first.
func (s *story) unchanged(string) {
	s.t.Helper()
	s.answers("10.13.4")
	if lost := s.before.Diff(s.Fingerprint(), nil); len(lost) > 0 {
		s.t.Fatalf("tables changed: %v", lost)
	}
}

var restoreCommand = regexp.MustCompile(`put it back with: bunnyhop restore (\S+)`)

// backedUp takes the backup's ID from the line that tells how to put it back.
func (s *story) backedUp(out string) {
	s.t.Helper()
	s.backup = s.named(restoreCommand, out)
}

// named is what a command that was printed names.
func (s *story) named(command *regexp.Regexp, out string) string {
	s.t.Helper()
	found := command.FindStringSubmatch(out)
	if found == nil {
		s.t.Fatalf("no command %s:\n%s", command, out)
	}
	return found[1]
}

func (s *story) listed(out string) {
	s.t.Helper()
	if !strings.Contains(out, s.backup) {
		s.t.Fatalf("%s is not listed:\n%s", s.backup, out)
	}
}

// pruned checks that what is left is whole and can be put back.
func (s *story) pruned(out string) {
	s.t.Helper()
	_, rows, _ := strings.Cut(out, "keep ")
	left, _, _ := strings.Cut(strings.TrimSpace(rows), " ")
	for _, line := range []string{"bunnyhop backup verify " + left + " --restore --project /srv/blog", "bunnyhop backup prune --project /srv/blog --keep 1"} {
		stdout, stderr, code := execute(s.t, s.command(line))
		if code != 0 {
			s.t.Fatalf("%s: exit code %d\n%s%s", line, code, stdout, stderr)
		}
	}
}

// killed begins a backup that takes some seconds, and kills it half way.
func (s *story) killed() string {
	s.t.Helper()
	large := filepath.Join(s.Root, "uploads", "large.bin")
	s.Write("uploads/large.bin", "")
	if err := os.Truncate(large, 1<<30); err != nil {
		s.t.Fatal(err)
	}
	cmd := s.command("bunnyhop backup --project /srv/blog --yes --json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Type, Step string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			s.t.Fatal(err)
		}
		if line.Type == "step_started" && line.Step == "backup" {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		s.t.Fatalf("the backup was not killed: %s", cmd.ProcessState)
	}
	if err := os.Remove(large); err != nil {
		s.t.Fatal(err)
	}
	return ""
}

// upgraded reads the last line of --json, and asks the server.
func (s *story) upgraded(out string) {
	s.t.Helper()
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	var result struct {
		Type, Status, Flow, From, To, Run, Backup, Project string

		ExitCode        int     `json:"exit_code"`
		DowntimeSeconds float64 `json:"downtime_seconds"`
	}
	last := lines[len(lines)-1]
	if err := json.Unmarshal([]byte(last), &result); err != nil {
		s.t.Fatalf("%v: %s", err, last)
	}
	s.t.Logf("downtime %.1f s", result.DowntimeSeconds)
	if result.Type != "result" || result.Status != "done" || result.Flow != "upgrade" || result.ExitCode != 0 ||
		result.From != "10.13.4" || result.To != "11.17.4" || result.Run == "" || result.Project != s.Root ||
		result.DowntimeSeconds <= 0 {
		s.t.Errorf("the last line is %s", last)
	}
	if _, err := os.Stat(filepath.Join(result.Backup, "manifest.json")); err != nil {
		s.t.Errorf("the backup is not there: %v", err)
	}
	s.answers("11.17.4")
}

// demo runs the demo in a home of its own, with what is installed already.
func (s *story) demo() string {
	s.t.Helper()
	home := s.t.TempDir()
	cmd := s.command("bunnyhop demo")
	cmd.Dir, cmd.Env = home, append(cmd.Env, "HOME="+home)
	stdout, stderr, code := execute(s.t, cmd)
	if code != 0 {
		s.t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	sample, err := project.Detect(filepath.Join(home, "bunnyhop-demo"))
	if err != nil || sample.Installed != "11.17.4" {
		s.t.Fatalf("the sample is %+v, %v", sample, err)
	}
	return stdout
}

func TestReadmeSettings(t *testing.T) {
	var lines []string
	for line := range strings.SplitSeq(readme(t), "\n") {
		if line, ok := strings.CutPrefix(line, "    "); ok && told[line] == settingsTold {
			lines = append(lines, line)
		}
	}
	path := filepath.Join(t.TempDir(), project.SettingsFile)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := project.ReadSettings(path)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"systemctl", "stop", "blog"}, {"systemctl", "start", "blog"}}
	if diff := cmp.Diff(want, [][]string{settings.Stop, settings.Start}); diff != "" {
		t.Error(diff)
	}
}

// Every exit code that there is stands in the help and in the README, with the
// same words.
func TestExitCodesAreTold(t *testing.T) {
	var told []int
	for _, e := range exitCodes {
		told = append(told, int(e.code))
	}
	if diff := cmp.Diff(faultCodes(t), told); diff != "" {
		t.Errorf("exit codes (-internal/fault +help):\n%s", diff)
	}
	help, _, code := bunnyhop(t, t.TempDir(), nil, "--help")
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	text := readme(t)
	for _, e := range exitCodes {
		if row := fmt.Sprintf("\n| %d | %s |\n", e.code, e.meaning); !strings.Contains(text, row) {
			t.Errorf("the README lacks%s", row)
		}
		if line := fmt.Sprintf("\n  %3d  %s\n", e.code, e.meaning); !strings.Contains(help, line) {
			t.Errorf("the help lacks%s", line)
		}
	}
	if rows := regexp.MustCompile(`(?m)^\| \d+ \|`).FindAllString(text, -1); len(rows) != len(exitCodes) {
		t.Errorf("the README has %d exit codes", len(rows))
	}
}

// faultCodes reads the constants of type Code from the source.
func faultCodes(t *testing.T) []int {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(checkout, "internal/fault/fault.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []int
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, _ := spec.Type.(*ast.Ident)
		value, _ := spec.Values[0].(*ast.BasicLit)
		if kind == nil || kind.Name != "Code" || value == nil {
			return true
		}
		number, err := strconv.Atoi(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, number)
		return true
	})
	return codes
}

// What the README shows and points at is there.
func TestReadmeLinks(t *testing.T) {
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		if strings.HasPrefix(link[1], "https://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(checkout, link[1])); err != nil {
			t.Error(err)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
