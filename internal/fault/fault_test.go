package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"bunnyhop/internal/fault"
)

func TestErrorText(t *testing.T) {
	for want, err := range map[string]error{
		"disk full":                           fault.New("disk full", "make room"),
		"3 of 4 rows":                         fault.Newf("%d of %d rows", 3, 4),
		"backing up: file does not exist":     fault.Wrap(fs.ErrNotExist, "backing up", ""),
		"file does not exist":                 fault.Wrap(fs.ErrNotExist, "", "look elsewhere"),
		"a: b: file does not exist":           fault.Wrap(fault.Wrap(fs.ErrNotExist, "b", ""), "a", ""),
		"outside: backing up: file not there": fmt.Errorf("outside: %w", fault.Wrap(errors.New("file not there"), "backing up", "")),
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	if err := fault.Wrap(fs.ErrNotExist, "backing up", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
}

func TestCodeHintAndStateAreTheFirstInTheChain(t *testing.T) {
	coded := fault.New("inner", "inner hint").WithCode(fault.Blocked)
	coded.State = "inner state"
	plain := fault.Newf("plain")
	for _, test := range []struct {
		name  string
		err   error
		code  fault.Code
		hint  string
		state string
	}{
		{"nil", nil, fault.Done, "", ""},
		{"no fault", errors.New("x"), fault.Failed, "", ""},
		{"no code", plain, fault.Failed, "", ""},
		{"direct", coded, fault.Blocked, "inner hint", "inner state"},
		{"wrapped", fmt.Errorf("outside: %w", coded), fault.Blocked, "inner hint", "inner state"},
		{"below one without", fault.Wrap(coded, "outer", ""), fault.Blocked, "inner hint", "inner state"},
		{"below two without", fault.Wrap(fmt.Errorf("x: %w", fault.Wrap(coded, "", "")), "outer", ""), fault.Blocked, "inner hint", "inner state"},
		{"the outer wins", fault.Wrap(coded, "outer", "outer hint").WithCode(fault.Busy), fault.Busy, "outer hint", "inner state"},
		{"joined", errors.Join(errors.New("x"), coded), fault.Blocked, "inner hint", "inner state"},
		{"joined after one without", errors.Join(plain, coded), fault.Blocked, "inner hint", "inner state"},
		{"joined after a chain without", errors.Join(fault.Wrap(errors.New("x"), "y", ""), coded), fault.Blocked, "inner hint", "inner state"},
		{"two verbs", fmt.Errorf("%w and %w", plain, coded), fault.Blocked, "inner hint", "inner state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := fault.CodeOf(test.err); got != test.code {
				t.Errorf("code %d, want %d", got, test.code)
			}
			if got := fault.HintOf(test.err); got != test.hint {
				t.Errorf("hint %q, want %q", got, test.hint)
			}
			if got := fault.StateOf(test.err); got != test.state {
				t.Errorf("state %q, want %q", got, test.state)
			}
		})
	}
}

func TestBuildersReturnTheSameError(t *testing.T) {
	err := fault.Newf("x")
	if err.WithHint("see %s", "y") != err || err.WithCode(fault.Usage) != err {
		t.Error("a copy was made")
	}
	if err.Hint != "see y" || err.Code != fault.Usage {
		t.Errorf("got %+v", err)
	}
}

// The codes are a contract with scripts.
func TestCodesAreThoseOfTheCommandLine(t *testing.T) {
	for code, want := range map[fault.Code]int{
		fault.Done: 0, fault.Failed: 1, fault.Usage: 2, fault.Blocked: 3, fault.Unanswered: 4,
		fault.RolledBack: 5, fault.NeedsPerson: 6, fault.Busy: 7, fault.Interrupted: 130,
	} {
		if int(code) != want {
			t.Errorf("code %d, want %d", code, want)
		}
	}
}
