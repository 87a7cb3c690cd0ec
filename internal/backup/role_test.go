package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// The test binary also plays the other processes: with this variable set it
// does what the named role does, and nothing else.
const roleVariable = "BACKUP_TEST_ROLE"

var roles = map[string]func(args []string) error{
	// creator FOLDER FILES: backs files up.
	"creator": func(args []string) error {
		_, err := Create(context.Background(), Options{Folder: args[0], ID: "b", Sources: []Source{{Part: Files, Dir: args[1]}}}, progress.Discard)
		return err
	},
	// remover BACKUP POINT: removes the backup, and dies at the point.
	"remover": func(args []string) error {
		dieAt(args[1])
		return Remove(args[0])
	},
	// restorer BACKUP TO POINT: restores the files, and dies at the point.
	"restorer": func(args []string) error {
		dieAt(args[2])
		return RestoreFiles(context.Background(), args[0], Files, args[1], progress.Discard)
	},
}

// dieAt has this process killed when it reaches the point.
func dieAt(point string) {
	reached = func(at string) {
		if at == point {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Minute)
		}
	}
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleVariable)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Println("error:", err, "hint:", fault.HintOf(err), "state:", fault.StateOf(err))
		os.Exit(1)
	}
}

// asNobody plays a role as a user without rights and returns what it printed.
func asNobody(t *testing.T, role string, args ...string) string {
	t.Helper()
	dir := openDir(t)
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "test")
	if err := os.WriteFile(binary, data, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("becoming another user, which this test needs root for: %v", err)
	}
	return string(out)
}

// openDir is a temporary folder that every user can reach and write to.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "backup")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// killed plays a role that has to die of SIGKILL.
func killed(t *testing.T, role string, args ...string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed: %v: %s", err, out)
	}
}
