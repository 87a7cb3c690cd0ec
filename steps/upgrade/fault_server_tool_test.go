package upgrade_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/mysqltest"
	"bunnyhop/internal/database/postgrestest"
)

// holding is a folder of database tools, first on a wizard's PATH, which are
// this test binary under their names. Each runs the real tool, and lets it
// come to the middle of its work and no further when it is told to: the real
// tool then has an open session and waits for its reader or its writer.
type holding struct {
	t   *testing.T
	dir string
	// dump and load are the tools that write and read a dump.
	dump, load string
}

// realTool begins the name of the link to a real tool.
const realTool = "real."

func holdTools(t *testing.T, vendor database.Vendor) *holding {
	t.Helper()
	h := &holding{t: t, dir: t.TempDir(), dump: "pg_dump", load: "pg_restore"}
	names, find := []string{"pg_dump", "pg_restore", "psql"}, postgrestest.Binary
	if vendor == database.MySQL {
		h.dump, h.load = "mariadb-dump", "mariadb"
		names, find = []string{h.dump, h.load}, mysqltest.Binary
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for link, to := range map[string]string{name: self, realTool + name: find(t, name)} {
			if err := os.Symlink(to, filepath.Join(h.dir, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h
}

// first puts the folder first on the PATH of a command.
func (h *holding) first(cmd *exec.Cmd) {
	cmd.Env = append(cmd.Env, "PATH="+h.dir+":"+os.Getenv("PATH"))
}

// next has the next run of a tool be held.
func (h *holding) next(tool string) {
	h.t.Helper()
	_ = os.Remove(filepath.Join(h.dir, "go on"))
	overwrite(h.t, filepath.Join(h.dir, "hold "+tool), "")
}

// await waits until a tool is held.
func (h *holding) await(wizard *running, tool string) {
	h.t.Helper()
	wizard.comesTo(tool+" held", func() bool { return os.Remove(filepath.Join(h.dir, "held "+tool)) == nil })
}

// release lets the tool go on.
func (h *holding) release() {
	h.t.Helper()
	overwrite(h.t, filepath.Join(h.dir, "go on"), "")
}

// asTool runs this process as one of those tools, if it was started as one.
func asTool() {
	dir, name := filepath.Split(os.Args[0])
	tool, err := filepath.EvalSymlinks(filepath.Join(dir, realTool+name))
	if err != nil {
		return
	}
	held := func() bool {
		return os.Rename(filepath.Join(dir, "hold "+name), filepath.Join(dir, "holding "+name)) == nil
	}
	// A tool is also asked for its version, and pg_restore for what is in a dump.
	aside := slices.Contains(os.Args, "--version") || name == "pg_restore" && !slices.Contains(os.Args, "--verbose")
	if aside || !held() {
		err := syscall.Exec(tool, os.Args, os.Environ())
		fmt.Fprintln(os.Stderr, err)
		os.Exit(126)
	}
	os.Exit(runHeld(tool, name, func() {
		_ = os.Rename(filepath.Join(dir, "holding "+name), filepath.Join(dir, "held "+name))
		for {
			if _, err := os.Stat(filepath.Join(dir, "go on")); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}))
}

// runHeld runs a tool, and calls hold when it is in the middle of its work. It
// returns the tool's exit code.
func runHeld(tool, name string, hold func()) int {
	cmd := exec.Command(tool, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = inherited()
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	// As small as can be, so that the tool is stopped soon.
	if _, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		panic(err)
	}
	var output io.Writer = os.Stdout
	switch name {
	case "pg_dump":
		for i, arg := range cmd.Args {
			if path, ok := strings.CutPrefix(arg, "--file="); ok {
				if output, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
					panic(err)
				}
				cmd.Args = slices.Delete(slices.Clone(cmd.Args), i, i+1)
				break
			}
		}
		cmd.Stdout = writer
	case "mariadb-dump":
		cmd.Stdout = writer
	case "pg_restore": // which tells of each table
		cmd.Stderr, output = writer, os.Stderr
	case "mariadb":
		cmd.Stdin, cmd.Stdout = reader, os.Stdout
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		switch name {
		case "mariadb":
			pass(writer, os.Stdin, 100<<10, hold)
			_ = writer.Close()
		case "pg_restore":
			passLines(output, reader, "processing data", hold)
		default:
			pass(output, reader, 20<<10, hold)
		}
	}()
	if name == "mariadb" {
		_ = reader.Close()
	} else {
		_ = writer.Close()
	}
	err = cmd.Wait()
	if name != "mariadb" { // whose input may go on for ever
		<-done
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1)
	}
	return 0
}

// pass copies, and holds once after some bytes.
func pass(to io.Writer, from io.Reader, first int64, hold func()) {
	if _, err := io.CopyN(to, from, first); err != nil {
		return
	}
	hold()
	_, _ = io.Copy(to, from)
}

// passLines copies lines, and holds once after one with a text in it.
func passLines(to io.Writer, from io.Reader, text string, hold func()) {
	lines := bufio.NewReaderSize(from, 16)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(to, line)
		if err != nil {
			return
		}
		if text != "" && strings.Contains(line, text) {
			hold()
			text = ""
		}
	}
}

// inherited are the files from descriptor 3 on that this process was given.
func inherited() []*os.File {
	var files []*os.File
	for fd := 3; fd < 10; fd++ {
		name := fmt.Sprintf("/proc/self/fd/%d", fd)
		to, err := os.Readlink(name)
		if err != nil || strings.HasPrefix(to, "anon_inode:") { // the runtime's own
			break
		}
		files = append(files, os.NewFile(uintptr(fd), name))
	}
	return files
}
