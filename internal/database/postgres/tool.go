package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/memfile"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// toolFolders are where packages put PostgreSQL's programs, a folder for each
// major version: Debian's, and that of the PostgreSQL project for Red Hat.
var toolFolders = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}

// tools are the client programs of one version.
type tools struct {
	dir    string
	major  int
	text   string // as the program tells it: "15.18 (Debian …)"
	config database.Config
}

// findTools looks for programs that are not older than the server: pg_dump
// refuses a newer one. Of several, those nearest to the server's version are
// taken, because a newer pg_restore sends settings that an older server does
// not know.
func findTools(ctx context.Context, config database.Config, server version) (tools, error) {
	var found []tools
	for _, dir := range toolDirs() {
		if t, err := look(ctx, dir); err == nil {
			t.config = config
			found = append(found, t)
		}
	}
	wanted := fmt.Sprintf("install the Debian package postgresql-client-%d (newer ones are in the repository apt.postgresql.org)", server.major())
	if len(found) == 0 {
		return tools{}, fault.New("pg_dump and pg_restore are not installed here", wanted).WithCode(fault.Blocked)
	}
	slices.SortStableFunc(found, func(a, b tools) int { return a.major - b.major })
	i := slices.IndexFunc(found, func(t tools) bool { return t.major >= server.major() })
	if i < 0 {
		newest := found[len(found)-1]
		return tools{}, fault.Newf("pg_dump %s is older than the server (PostgreSQL %s), which it cannot dump", newest.text, server.text).
			WithHint("%s", wanted).WithCode(fault.Blocked)
	}
	return found[i], nil
}

// toolDirs are the folders with a pg_dump. Debian's wrapper on the PATH only
// picks one of the others.
func toolDirs() []string {
	var dirs []string
	add := func(dir string) {
		path := filepath.Join(dir, "pg_dump")
		if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Base(real) != "pg_wrapper" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			add(dir)
		}
	}
	for _, pattern := range toolFolders {
		matches, _ := filepath.Glob(pattern)
		for _, dir := range matches {
			add(dir)
		}
	}
	return dirs
}

// toolVersion finds the version in "pg_dump (PostgreSQL) 15.18 (Debian …)".
var toolVersion = regexp.MustCompile(`^pg_dump \(PostgreSQL\) ((\d+)\S*.*)$`)

func look(ctx context.Context, dir string) (tools, error) {
	t := tools{dir: dir}
	err := process.Run(ctx, process.Spec{
		Path: t.path("pg_dump"), Args: []string{"--version"}, Dir: "/", Env: baseEnvironment(),
		Line: func(line string) {
			if m := toolVersion.FindStringSubmatch(line); m != nil {
				t.text = m[1]
				t.major, _ = strconv.Atoi(m[2])
			}
		},
	})
	if err == nil && t.major == 0 {
		err = fmt.Errorf("%s does not tell its version", t.path("pg_dump"))
	}
	return t, err
}

func (t tools) path(name string) string { return filepath.Join(t.dir, name) }

// call is one run of a tool.
type call struct {
	name  string
	args  []string
	files []*os.File // inherited, from descriptor 3 on
	line  func(string)
	start func(process.Info)
}

// run runs a tool against the database name. Its errors are for people.
func (t tools) run(ctx context.Context, name string, c call) error {
	env, secrets, err := t.environment(name, len(c.files))
	if err != nil {
		return err
	}
	defer memfile.CloseAll(secrets)
	var said complaints
	spec := process.Spec{
		Path: t.path(c.name), Args: c.args, Dir: "/", Env: env, ExtraFiles: append(slices.Clone(c.files), secrets...),
		Line: func(line string) {
			said.add(line)
			if c.line != nil {
				c.line(line)
			}
		},
	}
	if c.start != nil {
		spec.Started = func(info process.Info) error { c.start(info); return nil }
	}
	config := t.config
	config.Name = name
	return describeTool(ctx, process.Run(ctx, spec), &said, config)
}

// target names a database to a tool that takes a connection string: a name
// with an equals sign would be read as one.
func target(name string) string { return "dbname=" + keyword(name) }
