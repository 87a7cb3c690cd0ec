package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

func shell(script string) Spec {
	return Spec{Path: "/bin/sh", Args: []string{"-c", script}, Dir: "/"}
}

// TestStreams passes bytes through a child that are no lines, and more of
// them than a pipe holds.
func TestStreams(t *testing.T) {
	data := bytes.Repeat([]byte{0, '\n', '\r', 255}, 1<<18)
	var out bytes.Buffer
	var lines []string
	spec := shell("echo begun >&2; cat; echo ended >&2")
	spec.Stdin, spec.Stdout = bytes.NewReader(data), &out
	spec.Line = func(line string) { lines = append(lines, line) }
	if err := Run(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), data) {
		t.Errorf("%d bytes came back of %d, or others", out.Len(), len(data))
	}
	if !slices.Equal(lines, []string{"begun", "ended"}) {
		t.Errorf("lines %q", lines)
	}
}

// fullDisk takes some bytes.
type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, syscall.ENOSPC
	}
	return len(p), nil
}

func TestStdoutFails(t *testing.T) {
	spec := shell("cat /dev/zero")
	spec.Stdout = &fullDisk{left: 1 << 20}
	if err := Run(t.Context(), spec); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
}

// TestStdinFails holds that input that breaks off is an error although the
// child is content with it.
func TestStdinFails(t *testing.T) {
	broken := errors.New("damaged")
	spec := shell("cat >/dev/null")
	spec.Stdin = io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
	if err := Run(t.Context(), spec); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// TestStdinUnread holds that a child may end before its input does, and that
// its own word counts.
func TestStdinUnread(t *testing.T) {
	spec := shell("echo no >&2; exit 7")
	spec.Stdin = bytes.NewReader(make([]byte, 1<<20))
	var exit *ExitError
	if err := Run(t.Context(), spec); !errors.As(err, &exit) || exit.Code != 7 || !slices.Equal(exit.Last, []string{"no"}) {
		t.Errorf("error %v", err)
	}
	if err := Run(t.Context(), Spec{Path: "/bin/true", Dir: "/", Stdin: bytes.NewReader(make([]byte, 1<<20))}); err != nil {
		t.Errorf("a child that reads nothing: %v", err)
	}
}

func TestStreamsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var once bool
	spec := shell("cat /dev/zero")
	spec.Grace = time.Hour // it ends by itself when it is told to
	spec.Stdout = writerFunc(func(p []byte) (int, error) {
		if !once {
			once = true
			cancel()
		}
		return len(p), nil
	})
	if err := Run(ctx, spec); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
