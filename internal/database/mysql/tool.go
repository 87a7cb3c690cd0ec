package mysql

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/memfile"
	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// tools are the client programs of one version: what dumps, and what runs a
// script.
type tools struct {
	dump    string
	client  string
	version version
	server  version
	config  database.Config
}

// toolNames are the pairs of programs, by preference. MariaDB also installs
// its own under MySQL's names.
var toolNames = [][2]string{{"mariadb-dump", "mariadb"}, {"mysqldump", "mysql"}}

// findTools looks for programs of the server's kind that are not older than
// the server. Without any of its kind, those of the other kind are taken, if
// they are all there is: Debian has MariaDB's only. The proof of a backup then
// tells whether they do.
func findTools(ctx context.Context, config database.Config, server version) (tools, error) {
	var found []tools
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		for _, names := range toolNames {
			t, err := look(ctx, dir, names)
			if err == nil {
				t.config, t.server = config, server
				found = append(found, t)
			}
			if ctx.Err() != nil {
				return tools{}, ctx.Err()
			}
		}
	}
	if len(found) == 0 {
		return tools{}, fault.New("neither mariadb-dump nor mysqldump is installed here", installHint(server)).WithCode(fault.Blocked)
	}
	same := slices.DeleteFunc(slices.Clone(found), func(t tools) bool { return t.version.maria != server.maria })
	if len(same) == 0 {
		return found[0], nil
	}
	if i := slices.IndexFunc(same, func(t tools) bool { return !t.version.before(server) }); i >= 0 {
		return same[i], nil
	}
	return tools{}, fault.Newf("%s %s is older than the server (%s %s)", filepath.Base(same[0].dump), same[0].version.series(), server.product(), server.text).
		WithHint("%s", installHint(server)).WithCode(fault.Blocked)
}

func installHint(server version) string {
	if server.maria {
		return "install the Debian package mariadb-client (one of version " + server.series() + " or newer; those of later versions are in MariaDB's own repository)"
	}
	return "install MySQL's package mysql-client of version " + server.series() + " or newer (repo.mysql.com), or the Debian package default-mysql-client"
}

// toolVersion finds the version in one of
//
//	mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
//	mariadb-dump from 11.4.2-MariaDB, client 10.19 for Linux (x86_64)
//	mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)
//	mysqldump  Ver 8.0.39 for Linux on x86_64 (MySQL Community Server - GPL)
var toolVersion = regexp.MustCompile(`(?:Distrib|from|Ver) +(\d+\.\d+\.\d+\S*)`)

// look asks the programs of a folder for their version.
func look(ctx context.Context, dir string, names [2]string) (tools, error) {
	t := tools{dump: filepath.Join(dir, names[0]), client: filepath.Join(dir, names[1])}
	for _, path := range []string{t.dump, t.client} {
		if info, err := os.Stat(path); err != nil || info.IsDir() || !filepath.IsAbs(path) {
			return t, errors.Join(os.ErrNotExist, err)
		}
	}
	var text string
	err := process.Run(ctx, process.Spec{
		Path: t.dump, Args: []string{"--no-defaults", "--version"}, Dir: "/", Env: environment(),
		Line: func(line string) {
			if m := toolVersion.FindStringSubmatch(line); m != nil {
				text = strings.TrimSuffix(m[1], ",")
				t.version, _ = parseVersion(text)
				t.version.maria = strings.Contains(line, "MariaDB")
			}
		},
	})
	if err == nil && text == "" {
		err = errors.New(t.dump + " does not tell its version")
	}
	return t, err
}

// call is one run of a tool.
type call struct {
	path string
	args []string
	in   io.Reader
	out  io.Writer
}

// run runs a tool against a schema. Its errors are for people.
func (t tools) run(ctx context.Context, schema string, c call) error {
	files, err := t.optionFile()
	if err != nil {
		return err
	}
	defer memfile.CloseAll(files)
	spec := process.Spec{
		Path: c.path, Args: append([]string{"--defaults-file=" + descriptor(0)}, c.args...), Dir: "/", Env: environment(),
		ExtraFiles: files, Stdin: c.in, Stdout: c.out,
	}
	return describeTool(ctx, process.Run(ctx, spec), withName(t.config, schema))
}

// maxPacket lets a tool take and send rows as large as the protocol allows.
const maxPacket = "--max-allowed-packet=" + "1073741824"

// dumpOptions are those of the dump tool: the tables with their rows, in one
// snapshot. What is not a table is written by this package, after the tool.
func (t tools) dumpOptions(schema string, without []string) []string {
	args := []string{
		"--single-transaction", "--quick", "--skip-triggers", "--skip-lock-tables", "--hex-blob", "--no-tablespaces",
		"--default-character-set=utf8mb4", "--net-buffer-length=" + strconv.Itoa(512<<10), maxPacket,
	}
	if !t.version.maria {
		args = append(args, "--set-gtid-purged=OFF")
		if !t.version.before(version{major: 8}) {
			args = append(args, "--column-statistics=0") // does not exist before
		}
	}
	for _, name := range without {
		args = append(args, "--ignore-table="+schema+"."+name)
	}
	return append(args, "--", schema)
}

// load feeds a script to the client, which stops at the first error. Comments
// are a part of what a person wrote; without --comments, the client strips
// them from triggers and routines.
func (t tools) load(ctx context.Context, schema string, script io.Reader) error {
	settings := "SET SESSION lock_wait_timeout = " + seconds(lockTimeout.Seconds())
	if t.server.maria {
		settings += ", SESSION max_statement_time = 0"
	}
	args := []string{
		"--batch", "--binary-mode", "--comments", "--default-character-set=utf8mb4", "--disable-auto-rehash", maxPacket,
		"--init-command=" + settings, "--database=" + schema,
	}
	return t.run(ctx, schema, call{path: t.client, args: args, in: script, out: io.Discard})
}
