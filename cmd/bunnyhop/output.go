package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) } //nolint:gosec // a descriptor fits

// output writes for as long as somebody reads. What is written afterwards is
// dropped: a reader that goes away must not stop a run half way.
type output struct {
	mu   sync.Mutex
	w    io.Writer
	lost bool
	held *bytes.Buffer // what is written meanwhile, if it is held back
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lost {
		return len(p), nil
	}
	if o.held != nil {
		return o.held.Write(p)
	}
	if _, err := o.w.Write(p); err != nil {
		o.lost = true
	}
	return len(p), nil
}

// hold keeps back what is written until the function it returns is called:
// a line in between would tear a screen that is being drawn.
func (o *output) hold() (tell func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != nil {
		return func() {} // somebody else's to tell
	}
	o.held = &bytes.Buffer{}
	return func() {
		o.mu.Lock()
		late := o.held
		o.held = nil
		o.mu.Unlock()
		if late != nil && late.Len() > 0 {
			_, _ = o.Write(late.Bytes())
		}
	}
}

// Lost reports whether a write has failed.
func (o *output) Lost() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

// printf and println print to standard output, warnln to standard error. That
// nobody reads any more is seen in output.Lost.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.output, format, args...) }

func (a *app) println(line string) { _, _ = fmt.Fprintln(a.output, line) }

func (a *app) warnln(line string) { _, _ = fmt.Fprintln(a.stderr, line) }
