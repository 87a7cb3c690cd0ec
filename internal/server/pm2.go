package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// godTitle is the title of pm2's daemon, with its folder: "PM2 v7.0.4: God
// Daemon (/root/.pm2)".
var godTitle = regexp.MustCompile(`^PM2 v[^:]*: God Daemon \((.*)\)`)

func isGod(p process.Info) bool { return len(p.Command) > 0 && godTitle.MatchString(p.Command[0]) }

// god returns the pm2 daemon among the ancestors of a process.
func (t *table) god(p process.Info) (process.Info, bool) {
	for p.Parent > 1 {
		parent, ok := t.byPID[p.Parent]
		if !ok {
			break
		}
		if isGod(parent) {
			return parent, true
		}
		p = parent
	}
	return process.Info{}, false
}

// pm2App is one entry of `pm2 jlist` (pm2 7.0.4).
type pm2App struct {
	ID   int    `json:"pm_id"`
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Data struct {
		Mode string         `json:"exec_mode"`
		CWD  string         `json:"pm_cwd"`
		Env  map[string]any `json:"env"`
	} `json:"pm2_env"`
}

// pm2Time is how long one pm2 command may take; `pm2 stop` waits for the
// server's own shutdown.
const pm2Time = time.Minute

// findPM2 asks the daemon which of its apps the servers are. It returns the
// app's environment as pm2 keeps it: that of the process has pm2's own
// variables in it, and in cluster mode lacks the app's.
func (f *Found) findPM2(ctx context.Context, t *table, god process.Info, servers []process.Info, env []string) ([]string, error) {
	f.Kind = PM2
	f.PM2Home = godTitle.FindStringSubmatch(god.Command[0])[1]
	godEnv, err := process.Environ(god.PID)
	if err != nil {
		return nil, err
	}
	if f.PM2Path, err = pm2Program(god, godEnv); err != nil {
		return nil, err
	}
	apps, err := f.pm2List(ctx, godEnv)
	if err != nil {
		return nil, err
	}
	trees := t.trees(servers)
	ours := map[int]pm2App{}
	for _, app := range apps {
		if app.PID != 0 && slices.ContainsFunc(trees, func(p process.Info) bool { return p.PID == app.PID }) {
			ours[app.ID] = app
		}
	}
	for _, app := range apps {
		// An instance that is down just now is ours too.
		for _, running := range ours {
			if app.Name == running.Name && app.Data.CWD == f.Root {
				ours[app.ID] = app
				break
			}
		}
	}
	if len(ours) == 0 {
		return nil, fault.New("pm2 does not list the server that it runs", "look at `pm2 list`; give stop and start commands in bunnyhop.yaml")
	}
	var ids []string
	name, unique := "", true
	for _, app := range apps {
		if _, ok := ours[app.ID]; ok {
			ids = append(ids, strconv.Itoa(app.ID))
			unique = unique && (name == "" || name == app.Name)
			name = app.Name
			f.PM2Cluster = f.PM2Cluster || app.Data.Mode == "cluster_mode"
			env = pm2Env(env, app)
		}
	}
	// A name outlives a restart of the daemon, an id may not.
	for _, app := range apps {
		if _, ok := ours[app.ID]; !ok && app.Name == name {
			unique = false
		}
	}
	if _, err := strconv.Atoi(name); err == nil || name == "all" || strings.HasPrefix(name, "-") || strings.Contains(name, ",") {
		unique = false
	}
	if f.PM2 = name; !unique {
		f.PM2 = strings.Join(ids, ",")
	}
	return env, nil
}

func pm2Env(fallback []string, app pm2App) []string {
	var env []string
	for key, value := range app.Data.Env {
		// pm2 keeps notes of its own in there: an object for each app name.
		if text, ok := value.(string); ok && key != "unique_id" {
			env = append(env, key+"="+text)
		}
	}
	if len(env) == 0 {
		return fallback
	}
	slices.Sort(env)
	return env
}

// pm2Program finds the pm2 that belongs to a daemon: the one that started it,
// else the one on its PATH, beside its Node, or on the PATH of this process.
func pm2Program(god process.Info, env []string) (string, error) {
	if path := lookup(env, "_"); filepath.Base(path) == "pm2" && isProgram(path) {
		return path, nil
	}
	if path, err := lookPath(env, "/", "pm2"); err == nil {
		return path, nil
	}
	if path := filepath.Join(filepath.Dir(god.Exe), "pm2"); isProgram(path) {
		return path, nil
	}
	if path, err := lookPath(os.Environ(), "/", "pm2"); err == nil {
		return path, nil
	}
	return "", fault.New("pm2 runs the server, but the pm2 program cannot be found",
		"put pm2 on PATH, or give stop and start commands in bunnyhop.yaml")
}

// pm2Spec is a pm2 command for the daemon of f, as the daemon's user. env is
// what pm2 takes over for the app with --update-env.
func (f *Found) pm2Spec(env []string, args ...string) process.Spec {
	env = setenv(env, "PM2_HOME", f.PM2Home)
	if lookup(env, "HOME") == "" {
		env = setenv(env, "HOME", filepath.Dir(f.PM2Home))
	}
	return process.Spec{Path: f.PM2Path, Args: args, Dir: f.Root, Env: env, Credential: f.credential()}
}

// pm2List reads `pm2 jlist`. Its output holds the environment of every app
// and goes nowhere else.
func (f *Found) pm2List(ctx context.Context, env []string) ([]pm2App, error) {
	ctx, cancel := context.WithTimeout(ctx, pm2Time)
	defer cancel()
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close() //nolint:errcheck // read only
	spec := f.pm2Spec(env, "jlist", "--silent")
	// The list is one line of any length, so it is read from a pipe of its own:
	// the shell's redirection, with fixed words only.
	spec.Args = append([]string{"-c", `exec "$@" >&3`, "sh", spec.Path}, spec.Args...)
	spec.Path, spec.ExtraFiles = "/bin/sh", []*os.File{writer}
	child, err := process.Start(ctx, spec)
	_ = writer.Close()
	if err != nil {
		return nil, err
	}
	var apps []pm2App
	decodeErr := decodeLast(reader, &apps)
	if err := errors.Join(child.Wait(), decodeErr); err != nil {
		return nil, fault.Wrap(err, "pm2 did not list its processes", "try `pm2 list` by hand")
	}
	return apps, nil
}

func (f *Found) pm2Do(ctx context.Context, verb string, env []string, r progress.Reporter) error {
	args := append([]string{verb}, strings.Split(f.PM2, ",")...)
	r.Output("pm2 " + strings.Join(args, " "))
	if verb == "restart" && env != nil {
		args = append(args, "--update-env")
	}
	ctx, cancel := context.WithTimeout(ctx, pm2Time)
	defer cancel()
	spec := f.pm2Spec(envOr(env), args...)
	spec.Line = func(line string) {
		// The table and the host's load that follow are for other eyes.
		if !strings.ContainsAny(line, "│┌├└") && !strings.Contains(line, "host metrics") {
			r.Output(line)
		}
	}
	if err := process.Run(ctx, spec); err != nil {
		return fault.Wrap(err, "pm2 did not "+verb+" "+f.PM2, "try `pm2 "+verb+" "+f.PM2+"` by hand, and look at `pm2 logs`")
	}
	return nil
}

// credential is the user to run things as when this process is root and the
// server was not; nil else.
func (f *Found) credential() *syscall.Credential {
	if os.Geteuid() != 0 || f.UID == 0 {
		return nil
	}
	return &syscall.Credential{Uid: f.UID, Gid: f.GID, Groups: f.Groups}
}

// decodeLast decodes the last line that holds a JSON list: pm2 may print
// other lines before it.
func decodeLast(r io.Reader, into any) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, line := range slices.Backward(strings.Split(string(data), "\n")) {
		if strings.HasPrefix(line, "[") {
			return json.Unmarshal([]byte(line), into)
		}
	}
	return errors.New("there is no list in its answer")
}
