package servertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const roleVariable = "SERVERTEST_ROLE"

// Main is for TestMain: it runs the tests, or is the process that
// EndsWithTheProcess kills.
func Main[S interface {
	PID() (int, error)
	Data() string
}](m *testing.M, launch func(options []string) (S, error),
) {
	if os.Getenv(roleVariable) == "" {
		os.Exit(m.Run())
	}
	server, err := launch(nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	pid, _ := server.PID()
	fmt.Println(pid, filepath.Dir(server.Data()))
	time.Sleep(time.Minute)
}

// EndsWithTheProcess kills a process that has a server: neither the server
// nor its data may be left.
func EndsWithTheProcess(t *testing.T) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), roleVariable+"=server")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	var dir string
	if _, err := fmt.Sscan(strings.TrimSpace(string(line[:n])), &pid, &dir); err != nil || pid == 0 {
		t.Fatalf("the process said %q, %v", line[:n], err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 200 {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) && syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the server %d or its data in %s is left", pid, dir)
}
