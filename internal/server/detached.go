package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/process"
)

// startMark begins the part of a log file that belongs to one start.
const startMark = "--- bunnyhop starts the server: "

// detached starts a program that outlives this process: a session of its own,
// no parent-death signal, output appended to the log file, no input. ended
// gets the program's end, should this process live to see it.
func detached(argv []string, dir string, env []string, logFile string, cred *syscall.Credential) (info process.Info, ended <-chan error, err error) {
	if len(argv) == 0 {
		return info, nil, errors.New("starting the server: there is no command")
	}
	program, err := lookPath(env, dir, argv[0])
	if err != nil {
		return info, nil, fault.Wrap(err, "the program that starts the server cannot be found", "")
	}
	log, err := openLog(logFile)
	if err != nil {
		return info, nil, err
	}
	defer log.Close()                         //nolint:errcheck // the child has its own descriptor
	cmd := exec.Command(program, argv[1:]...) //nolint:gosec,noctx // the command that was found running; it is to outlive any context
	cmd.Args[0] = argv[0]
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: cred}
	if err := cmd.Start(); err != nil {
		return info, nil, fault.Wrap(err, "the server cannot be started", "")
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }() // also keeps a dead child from staying a zombie
	if info, err = process.Stat(cmd.Process.Pid); err != nil {
		info = process.Info{PID: cmd.Process.Pid} // it has ended already
	}
	return info, end, nil
}

func openLog(path string) (*os.File, error) {
	if path == "" {
		path = os.DevNull
	}
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the server's log: %w", err)
	}
	if path != os.DevNull {
		if _, err := fmt.Fprintf(log, "%s%s\n", startMark, time.Now().Format(time.RFC3339)); err != nil {
			return nil, errors.Join(fmt.Errorf("writing the server's log: %w", err), log.Close())
		}
	}
	return log, nil
}

// lookPath finds a program as a process with that environment and folder
// would.
func lookPath(env []string, dir, name string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		if isProgram(name) {
			return name, nil
		}
		return "", fmt.Errorf("%s is not a program", name)
	}
	for _, folder := range filepath.SplitList(lookup(env, "PATH")) {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		if path := filepath.Join(folder, name); isProgram(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not on PATH", name)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// setenv returns env with one variable set.
func setenv(env []string, key, value string) []string {
	var out []string
	for _, pair := range env {
		if !strings.HasPrefix(pair, key+"=") {
			out = append(out, pair)
		}
	}
	return append(out, key+"="+value)
}

// withNode returns env with a folder first in PATH.
func withNode(env []string, nodeDir string) []string {
	if nodeDir == "" {
		return env
	}
	path := nodeDir
	if old := lookup(env, "PATH"); old != "" {
		path += string(os.PathListSeparator) + old
	}
	return setenv(env, "PATH", path)
}
