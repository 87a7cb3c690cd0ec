package process

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestLook(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	cmd.Dir, cmd.Env = dir, []string{"A=1", "B=x=y"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	env, err := Environ(pid)
	if err != nil || !slices.Contains(env, "A=1") || !slices.Contains(env, "B=x=y") {
		t.Errorf("environment %q, %v", env, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := InDir(pid, info); err != nil || !in {
		t.Errorf("in its folder: %v, %v", in, err)
	}
	if in, err := InDir(os.Getpid(), info); err != nil || in {
		t.Errorf("in another folder: %v, %v", in, err)
	}
	cred, err := Credential(pid)
	if err != nil || int(cred.Uid) != os.Geteuid() || int(cred.Gid) != os.Getegid() {
		t.Errorf("credential %+v, %v", cred, err)
	}
	if groups, err := Cgroups(pid); err != nil || slices.ContainsFunc(groups, func(g string) bool { return !strings.HasPrefix(g, "/") }) {
		t.Errorf("control groups %q, %v", groups, err)
	}
	if InContainer(pid) {
		t.Error("a plain child is in a container")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := Environ(pid); !errors.Is(err, ErrGone) {
		t.Errorf("after its end: %v", err)
	}
}

func TestRunExtraFile(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), Spec{Path: "/bin/sh", Args: []string{"-c", "echo secret >&3"}, Dir: "/", ExtraFiles: []*os.File{writer}})
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 16)
	if n, err := reader.Read(got); err != nil || string(got[:n]) != "secret\n" {
		t.Errorf("got %q, %v", got[:n], err)
	}
}
