package process

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// streamGrace is how long the rest of a stream may take after a child's end.
const streamGrace = time.Minute

// streams are the caller's ends of a child's standard input and output. They
// remember what went wrong there: the child itself only dies of it, or takes
// it for the end of its input.
type streams struct {
	in  *source
	out *sink
}

func attach(cmd *exec.Cmd, spec Spec) streams {
	var s streams
	if spec.Stdin != nil {
		s.in = &source{from: spec.Stdin}
		cmd.Stdin, cmd.WaitDelay = s.in, streamGrace
	}
	if spec.Stdout != nil {
		s.out = &sink{to: spec.Stdout}
		cmd.Stdout, cmd.WaitDelay = s.out, streamGrace
	}
	return s
}

func (s streams) err(path string) error {
	var errs []error
	if err := s.in.failure(); err != nil {
		errs = append(errs, fmt.Errorf("reading what %s is fed: %w", path, err))
	}
	if err := s.out.failure(); err != nil {
		errs = append(errs, fmt.Errorf("writing what %s puts out: %w", path, err))
	}
	return errors.Join(errs...)
}

// failed keeps the first error.
type failed struct {
	mu    sync.Mutex
	first error
}

func (f *failed) keep(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		f.first = err
	}
}

func (f *failed) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

type source struct {
	failed
	from io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.keep(err)
	}
	return n, err
}

func (s *source) failure() error {
	if s == nil {
		return nil
	}
	return s.get()
}

type sink struct {
	failed
	to io.Writer
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	if err != nil {
		s.keep(err)
	}
	return n, err
}

// room is how much a child may be ahead of what reads its output, in bytes: with
// the kernel's usual 64 KiB, a dump tool stands still as often as what
// compresses its output does. It is as much as every user may ask for.
const room = 1 << 20

// ReadFrom implements io.ReaderFrom, for which os/exec's copying asks.
func (s *sink) ReadFrom(pipe io.Reader) (int64, error) {
	if file, ok := pipe.(syscall.Conn); ok {
		if raw, err := file.SyscallConn(); err == nil {
			// Without it the pipe is as it was.
			_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, room) })
		}
	}
	return io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{pipe}, make([]byte, room/4))
}

func (s *sink) failure() error {
	if s == nil {
		return nil
	}
	return s.get()
}
