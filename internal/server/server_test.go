package server

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
)

// Every way to start a server by hand is found, stopped with all of its
// processes, and started again as it was, environment included.
func TestProcessStopStart(t *testing.T) {
	for _, c := range []struct {
		name string
		argv []string
		want string
	}{
		{"node", []string{"node", "node_modules/directus/cli.js", "start"}, "node node_modules/directus/cli.js start"},
		{"with a flag", []string{"node", "--max-old-space-size=512", "./node_modules/.bin/directus", "start"}, "node --max-old-space-size=512 ./node_modules/.bin/directus start"},
		{"npx", []string{"npx", "directus", "start"}, "npm exec directus start"},
		{"npm", []string{"npm", "start"}, "npm start"},
		{"a shell", []string{"sh", "-c", "npx directus start"}, "sh -c npx directus start"},
		{"a script", []string{"sh", "run.sh"}, "sh run.sh"},
		{"a busy shell", []string{"sh", "-c", "sleep 0 ; npx directus start ; true"}, "npm exec directus start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t)
			if err := os.WriteFile(filepath.Join(p.Root, "run.sh"), []byte("npx directus start\necho after\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, p, []string{"WORKER=1", "GREETING=hello"}, c.argv...)
			f, env := find(t, p)
			if f.Kind != Process || strings.Join(f.Argv, " ") != c.want || f.Dir != p.Root || f.NodeVersion == "" {
				t.Fatalf("found %+v", f)
			}
			if lookup(env, "GREETING") != "hello" {
				t.Error("its environment was not read")
			}
			data, err := json.Marshal(f)
			if err != nil || strings.Contains(string(data), "hello") {
				t.Errorf("the environment is in %s, %v", data, err)
			}
			var again Found
			if err := json.Unmarshal(data, &again); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time nothing is left to stop
				if err := again.Stop(t.Context(), progress.Discard); err != nil {
					t.Fatal(err)
				}
				if c.name == "a busy shell" {
					time.Sleep(300 * time.Millisecond) // the shell goes on to its own end
				}
				nothingRuns(t, p, &again)
			}
			log := filepath.Join(t.TempDir(), "server.log")
			info, err := again.Start(t.Context(), StartOptions{Env: env, LogFile: log}, progress.Discard)
			if err != nil {
				t.Fatal(err)
			}
			ping(t, p, again.Watch(info, log))
			if second, err := again.Start(t.Context(), StartOptions{Env: env}, progress.Discard); err != nil || second.PID != info.PID {
				t.Errorf("a second start gave %d, %v; want %d", second.PID, err, info.PID)
			}
			now, env := find(t, p)
			if now.Kind != Process || lookup(env, "GREETING") != "hello" {
				t.Errorf("started as %+v", now)
			}
			if c.name != "a busy shell" && !slices.Equal(now.Argv, f.Argv) {
				t.Errorf("argv became %q", now.Argv)
			}
			if mode, err := os.Stat(log); err != nil || mode.Mode().Perm() != 0o600 {
				t.Errorf("the log has %v, %v", mode, err)
			}
			// It has a session of its own, so it outlives this process.
			if sid, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(info.PID), "stat")); err != nil || strings.Fields(string(sid[strings.LastIndexByte(string(sid), ')')+1:]))[3] != strconv.Itoa(info.PID) {
				t.Errorf("session: %s, %v", sid, err)
			}
			if err := now.Stop(t.Context(), progress.Discard); err != nil {
				t.Fatal(err)
			}
			nothingRuns(t, p, now)
		})
	}
}

func TestNothingRuns(t *testing.T) {
	p := newProject(t)
	// A shell in the folder, another CLI call and another project are no servers.
	other := newProject(t)
	run(t, other, nil, "node", "node_modules/directus/cli.js", "start")
	shell := exec.Command("sh", "-c", "sleep 60") //nolint:noctx // ended below
	shell.Dir = p.Root
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shell.Process.Kill(); _ = shell.Wait() }()
	f, env := find(t, p)
	if f.Kind != None || env != nil {
		t.Fatalf("found %+v", f)
	}
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	info, err := f.Start(t.Context(), StartOptions{}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ping(t, p, f.Watch(info, ""))
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	if running, err := f.Running(t.Context()); err != nil || len(running) != 0 {
		t.Errorf("running: %v, %v", running, err)
	}
	if o, _ := find(t, other); o.Kind != Process {
		t.Error("the other project's server is gone")
	}
}

// A server that code of its own starts is told by the port.
func TestServerByPort(t *testing.T) {
	p := newProject(t)
	code := "require('http').createServer((q,r)=>r.end('pong')).listen(" + p.Config.Port() + ", '127.0.0.1')"
	if err := os.WriteFile(filepath.Join(p.Root, "server.js"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, p, nil, "node", "server.js")
	f, _ := find(t, p)
	if f.Kind != Process || strings.Join(f.Argv, " ") != "node server.js" {
		t.Fatalf("found %+v", f)
	}
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	nothingRuns(t, p, f)
}

func TestNodeDir(t *testing.T) {
	p := newProject(t)
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	run(t, p, nil, node, "node_modules/directus/cli.js", "start")
	f, env := find(t, p)
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data, err := os.ReadFile(node)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node"), data, 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	info, err := f.Start(t.Context(), StartOptions{Env: env, NodeDir: dir}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ping(t, p, f.Watch(info, ""))
	now, env := find(t, p)
	if now.Node != filepath.Join(dir, "node") || !strings.HasPrefix(lookup(env, "PATH"), dir+":") {
		t.Errorf("it runs with %s, PATH %s", now.Node, lookup(env, "PATH"))
	}
	if err := now.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
}

func TestEarlyDeath(t *testing.T) {
	p := newProject(t)
	f, _ := find(t, p)
	log := filepath.Join(t.TempDir(), "server.log")
	start := func(env ...string) error {
		info, err := f.Start(t.Context(), StartOptions{Env: append(os.Environ(), env...), LogFile: log}, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return Ping(ctx, p.Config.PingURL(), f.Watch(info, log), progress.Discard)
	}
	err := start("CRASH=1")
	if err == nil || !strings.Contains(err.Error(), "ended before it answered") || !strings.Contains(err.Error(), "no such column: searchable") {
		t.Errorf("got %v", err)
	}
	// A port that something else holds, which even answers.
	holder := exec.Command("node", "-e", "require('http').createServer((q,r)=>{r.statusCode=404;r.end()}).listen("+p.Config.Port()+",'127.0.0.1')") //nolint:gosec,noctx // ended below
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Process.Kill(); _ = holder.Wait() }()
	for !listensOn(p.Config.Port()) {
		time.Sleep(10 * time.Millisecond)
	}
	err = PortFree(p.Config.Host(), p.Config.Port())
	if err == nil || !strings.Contains(err.Error(), "by process "+strconv.Itoa(holder.Process.Pid)+" (node)") {
		t.Errorf("got %v", err)
	}
	err = start()
	if err == nil || !strings.Contains(err.Error(), "port is taken") || strings.Contains(err.Error(), "searchable") || !strings.Contains(fault.HintOf(err), "PORT") {
		t.Errorf("got %v, hint %q", err, fault.HintOf(err))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err = Ping(ctx, p.Config.PingURL(), nil, progress.Discard)
	if err == nil || !strings.Contains(err.Error(), "answers with status 404") {
		t.Errorf("got %v", err)
	}
}

// A supervisor that starts the server again is noticed, not fought.
func TestSupervisor(t *testing.T) {
	p := newProject(t)
	loop := run(t, p, nil, "sh", "-c", "while true; do node node_modules/directus/cli.js start; sleep 0.1; done")
	f, _ := find(t, p)
	if f.Supervisor != "sh" {
		t.Errorf("supervisor is %q", f.Supervisor)
	}
	err := f.Stop(t.Context(), progress.Discard)
	if err == nil || !strings.Contains(err.Error(), "sh starts the server again") || !strings.Contains(fault.HintOf(err), "bunnyhop.yaml") {
		t.Errorf("got %v", err)
	}
	_ = loop.Process.Kill()
}

func TestCommands(t *testing.T) {
	p := newProject(t)
	p.Settings.Start = []string{"sh", "-c", "node node_modules/directus/cli.js start >own.log 2>&1 & echo $! >pid"}
	p.Settings.Stop = []string{"sh", "-c", "kill $(cat pid)"}
	p.Settings.Status = []string{"sh", "-c", "kill -0 $(cat pid)"}
	f, env := find(t, p)
	if f.Kind != Command || env != nil {
		t.Fatalf("found %+v", f)
	}
	for range 2 {
		log := filepath.Join(t.TempDir(), "log")
		info, err := f.Start(t.Context(), StartOptions{LogFile: log}, progress.Discard)
		if err != nil {
			t.Fatal(err)
		}
		ping(t, p, f.Watch(info, log))
		if up, err := f.Up(t.Context()); err != nil || !up {
			t.Errorf("up: %v, %v", up, err)
		}
		f, _ = find(t, p)
		if f.Kind != Command || len(f.PIDs) == 0 {
			t.Errorf("found %+v", f)
		}
		if err := f.Stop(t.Context(), progress.Discard); err != nil {
			t.Fatal(err)
		}
		nothingRuns(t, p, f)
	}
	// A start command that is the server itself.
	f.Argv = []string{"npx", "directus", "start"}
	if _, err := f.Start(t.Context(), StartOptions{}, progress.Discard); err != nil {
		t.Fatal(err)
	}
	ping(t, p, nil)
	f.StopArgv = []string{"false"}
	if err := f.Stop(t.Context(), progress.Discard); err == nil || !strings.Contains(err.Error(), "the stop command in bunnyhop.yaml failed") {
		t.Errorf("got %v", err)
	}
	f.Kind = Process
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	f.Kind, f.Argv = Command, []string{"sh", "-c", "echo no rights; exit 4"}
	log := filepath.Join(t.TempDir(), "log")
	_, err := f.Start(t.Context(), StartOptions{LogFile: log}, progress.Discard)
	if err == nil || !strings.Contains(err.Error(), "no rights") {
		t.Errorf("got %v", err)
	}
}

// The argument list of a server may hold a secret; the command that is kept
// does not.
func TestSecretInCommand(t *testing.T) {
	p := newProject(t)
	env := filepath.Join(p.Root, ".env")
	data, err := os.ReadFile(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(env, append(data, "SECRET=hunter2hunter2\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.LoadConfig(t.Context(), nil, ""); err != nil {
		t.Fatal(err)
	}
	run(t, p, nil, "sh", "-c", "SECRET=hunter2hunter2 npx directus start")
	f, _ := find(t, p)
	written, err := json.Marshal(f)
	if err != nil || strings.Contains(string(written), "hunter2") || strings.Join(f.Argv, " ") != "npm exec directus start" {
		t.Errorf("%s, %v", written, err)
	}
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	nothingRuns(t, p, f)
}

// systemd cannot run here: a fabricated control group and a systemctl on PATH
// that runs the stand-in.
func TestSystemd(t *testing.T) {
	p := newProject(t)
	bin := t.TempDir()
	script := `#!/bin/sh
echo "$@" >>` + bin + `/calls
case "$*" in
*show*) echo "MainPID=$(cat ` + bin + `/main)" ;;
*" stop "*) kill "$(cat ` + bin + `/main)" ;;
*" start "*) cd ` + p.Root + `; rm -f ` + bin + `/main
	setsid sh -c 'echo $$ >` + bin + `/main; exec node node_modules/directus/cli.js start' </dev/null >/dev/null 2>&1 &
	# What is left in this script's group at its end is killed, so the server must be out of it.
	while [ ! -s ` + bin + `/main ]; do sleep 0.01; done ;;
esac
`
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	cgroups = func(int) ([]string, error) { return []string{"/system.slice/blog.service"}, nil }
	t.Cleanup(func() { cgroups = process.Cgroups })

	cmd := run(t, p, nil, "node", "node_modules/directus/cli.js", "start")
	main := filepath.Join(bin, "main")
	// A unit whose main process is another one is not the server's: a session
	// of sshd, for one.
	if err := os.WriteFile(main, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, _ := find(t, p); f.Kind != Process {
		t.Errorf("found %+v", f)
	}
	if err := os.WriteFile(main, []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, env := find(t, p)
	if f.Kind != Systemd || f.Unit != "blog.service" || f.User || env == nil {
		t.Fatalf("found %+v", f)
	}
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	nothingRuns(t, p, f)
	info, err := f.Start(t.Context(), StartOptions{Env: env}, progress.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ping(t, p, f.Watch(info, ""))
	if f.NodeNote("/n") == "" {
		t.Error("a unit chooses its own Node, and that is not said")
	}
	if err := f.Stop(t.Context(), progress.Discard); err != nil {
		t.Fatal(err)
	}
	nothingRuns(t, p, f)
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte("#!/bin/sh\necho 'Access denied'\nexit 1\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if _, err := f.Start(t.Context(), StartOptions{}, progress.Discard); err == nil || !strings.Contains(err.Error(), "Access denied") {
		t.Errorf("got %v", err)
	}
}

func TestUnitOf(t *testing.T) {
	for _, c := range []struct {
		cgroup, unit string
		user         bool
	}{
		{"/system.slice/blog.service", "blog.service", false},
		{"/system.slice/system-directus.slice/directus@blog.service", "directus@blog.service", false},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/blog.service", "blog.service", true},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-term.scope", "", true},
		{"/user.slice/user-1000.slice/session-3.scope", "", false},
		{"/system.slice/docker-abc.scope", "", false},
		{"/", "", false},
	} {
		if unit, user := unitOf(c.cgroup); unit != c.unit || user != c.user {
			t.Errorf("%s: got %q %v", c.cgroup, unit, user)
		}
	}
}

// A kernel's own pick could be given to somebody else before the server is
// there.
func TestFreePort(t *testing.T) {
	for range 50 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if port >= firstEphemeral() || port < lowest {
			t.Errorf("port %d", port)
		}
		if err := PortFree("127.0.0.1", strconv.Itoa(port)); err != nil {
			t.Error(err)
		}
	}
}
