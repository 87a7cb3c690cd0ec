// Package fault holds the one error shape that reaches a person: what
// happened, what state things are in, and what to do next. It also holds the
// exit codes, so that every layer can say how an error ends the program
// without knowing the command line.
package fault

import "fmt"

// Code is a process exit code. The list is part of the command line's
// contract and is printed by --help.
type Code int

// The exit codes, in the order in which --help lists them.
const (
	Done        Code = 0   // the job is done and was looked at again
	Failed      Code = 1   // failed, the project is as before
	Usage       Code = 2   // the command line is wrong
	Blocked     Code = 3   // a finding blocks the way
	Unanswered  Code = 4   // a gate needs an answer that was not given
	RolledBack  Code = 5   // failed, and everything was put back
	NeedsPerson Code = 6   // failed, both states are kept, a person must look
	Busy        Code = 7   // another run is active on this project
	Differs     Code = 8   // what was compared is different
	Interrupted Code = 130 // interrupted, can be resumed
)

// Error is an error made for a person.
type Error struct {
	// What happened, in a short sentence without a full stop.
	What string
	// State says what things are like now ("nothing was changed"). Optional.
	State string
	// Hint is what to do next. Optional.
	Hint string
	// Code is the exit code that this error asks for; zero means Failed.
	Code Code
	// Err is the cause. Optional.
	Err error
}

// Error returns what happened and why, without state and hint.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.What
	}
	if e.What == "" {
		return e.Err.Error()
	}
	return e.What + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an Error with a hint. The hint may be empty.
func New(what, hint string) *Error { return &Error{What: what, Hint: hint} }

// Wrap returns an Error around a cause. The hint may be empty.
func Wrap(err error, what, hint string) *Error {
	return &Error{What: what, Hint: hint, Err: err}
}

// Newf is New with a formatted sentence and no hint.
func Newf(format string, args ...any) *Error {
	return &Error{What: fmt.Sprintf(format, args...)}
}

// WithHint sets the hint and returns the same error.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithCode sets the exit code and returns the same error.
func (e *Error) WithCode(c Code) *Error {
	e.Code = c
	return e
}

// CodeOf returns the exit code that an error asks for: the first one named in
// its chain, Failed where none is, Done for nil.
func CodeOf(err error) Code {
	if err == nil {
		return Done
	}
	if e := first(err, func(e *Error) bool { return e.Code != 0 }); e != nil {
		return e.Code
	}
	return Failed
}

// HintOf returns the first hint in the chain, or "".
func HintOf(err error) string {
	if e := first(err, func(e *Error) bool { return e.Hint != "" }); e != nil {
		return e.Hint
	}
	return ""
}

// StateOf returns the first state in the chain, or "".
func StateOf(err error) string {
	if e := first(err, func(e *Error) bool { return e.State != "" }); e != nil {
		return e.State
	}
	return ""
}

// first finds an Error in a tree of errors, depth first, as errors.As walks
// it. Joined errors are why it is not a loop over errors.As.
func first(err error, fits func(*Error) bool) *Error {
	if e, ok := err.(*Error); ok && fits(e) { //nolint:errorlint // each error of the tree is looked at by itself
		return e
	}
	switch tree := err.(type) { //nolint:errorlint // the same
	case interface{ Unwrap() error }:
		if cause := tree.Unwrap(); cause != nil {
			return first(cause, fits)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range tree.Unwrap() {
			if e := first(cause, fits); e != nil {
				return e
			}
		}
	}
	return nil
}
