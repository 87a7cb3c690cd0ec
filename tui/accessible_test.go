package tui

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

func TestAccessibleUpgrade(t *testing.T) {
	s := newScript()
	var out bytes.Buffer
	in := strings.Join([]string{
		"1",      // upgrade
		"1", "3", // the first cannot be chosen
		"y", "yes", // two warnings
		"x", "a", "r", "a", "r", // package.json, lock file, .env twice; x is none
	}, "\n") + "\n"
	result, err := runAccessible(context.Background(), s.options(project(t)), strings.NewReader(in), &out)
	if err != nil || result == nil || result.Status != steps.Done {
		t.Fatalf("got %+v, %v\n%s", result, err, out.String())
	}
	for _, want := range []string{
		"Not possible: @directus/sdk", "Step 4 of 16: Back up.", "Cannot be rejected: it comes with the version", "Done: Verify, 7 of 7",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it was not said: %s\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are control sequences in it")
	}
	if d := s.answered["review"].Decisions; !d["file:package.json"] || d["file:package-lock.json"] || !d["env:IP_TRUST_PROXY"] || d["env:CACHE_STORE"] {
		t.Errorf("decisions: %v", d)
	}
}

// TestAccessibleInputEnds: the end of the input is not taken for an answer.
func TestAccessibleInputEnds(t *testing.T) {
	s := newScript()
	var out bytes.Buffer
	result, err := runAccessible(context.Background(), s.options(project(t)), strings.NewReader("1\n\ny\n"), &out)
	if err != nil || result == nil || result.Status != steps.Unanswered || result.Code != fault.Unanswered {
		t.Fatalf("got %+v, %v", result, err)
	}
}

func TestAccessibleRollBack(t *testing.T) {
	s := newScript()
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobRollback}
	var out bytes.Buffer
	result, err := runAccessible(context.Background(), opts, strings.NewReader("blog\n"), &out)
	if err != nil || result == nil || result.Status != steps.Unanswered {
		t.Fatalf("the wrong name: got %+v, %v", result, err)
	}
}

func TestAccessibleRecovery(t *testing.T) {
	s := newScript()
	s.fail["migrate"] = sampleFailure()
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobUpgrade}
	var out bytes.Buffer
	result, err := runAccessible(context.Background(), opts, strings.NewReader("\ny\ny\na\na\na\na\n2\n\n"), &out)
	if err != nil || result == nil || result.Status != steps.RolledBack {
		t.Fatalf("got %+v, %v\n%s", result, err, out.String())
	}
	if !strings.Contains(out.String(), "Not possible: this step is done once") {
		t.Errorf("the reason is not said:\n%s", out.String())
	}
}

// TestAccessibleUncertainFindings: what cannot be told comes last and asks for
// nothing.
func TestAccessibleUncertainFindings(t *testing.T) {
	s := newScript()
	gate := manyFindings()
	gate.Findings = gate.Findings[advisory.Count(gate.Findings, advisory.Blocker):]
	s.findings = &gate
	opts := s.options(project(t))
	opts.First = &Job{Kind: JobUpgrade}
	var out bytes.Buffer
	in := "\n" + strings.Repeat("y\n", advisory.Count(gate.Findings, advisory.Warning)) + "a\na\na\na\n"
	result, err := runAccessible(context.Background(), opts, strings.NewReader(in), &out)
	if err != nil || result == nil || result.Status != steps.Done {
		t.Fatalf("got %+v, %v\n%s", result, err, out.String())
	}
	certain, uncertain, found := strings.Cut(out.String(), "10 that cannot be told from here:")
	if !found || strings.Contains(certain, "what to look at:") || !strings.Contains(uncertain, "what to look at: look whether") {
		t.Errorf("the uncertain ones do not stand apart:\n%s", out.String())
	}
	if !strings.Contains(certain, "warning, permissions: permissions move from roles to policies (11.0-policies)") {
		t.Errorf("the area is not said:\n%s", out.String())
	}
}
