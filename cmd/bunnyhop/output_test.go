package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"bunnyhop/tui"
)

// A warning that is written while the screen is drawn would tear it. It is
// told once the screen has closed.
func TestWarningsWaitForTheScreen(t *testing.T) {
	var warned, drawn bytes.Buffer
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	a.stderr = &output{w: &warned}
	keys, press, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	defer press.Close()
	meanwhile := "not looked at"
	_, _ = a.show(t.Context(), tui.Options{Load: func(context.Context) (tui.Home, error) {
		a.warnln("bunnyhop: giving the project's lock up: no space left on device")
		meanwhile = warned.String()
		_, err := press.WriteString("q") // leaves the home screen
		return tui.Home{}, errors.Join(err, errors.New("there is no project"))
	}}, tea.WithInput(keys), tea.WithOutput(&drawn), tea.WithWindowSize(80, 24))
	if meanwhile != "" {
		t.Errorf("written while the screen was drawn: %q", meanwhile)
	}
	if got := warned.String(); strings.Count(got, "no space left on device") != 1 {
		t.Errorf("told afterwards: %q", got)
	}
	a.warnln("at once")
	if !strings.HasSuffix(warned.String(), "at once\n") {
		t.Error("warnings are still held back")
	}
}
