package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// showRun prints one run's journal in readable form.
func (a *app) showRun(s steps.Summary) error {
	if a.flags.json {
		a.writeJSON(document{"run", map[string]any{"summary": s, "journal": s.Lines()}})
		return nil
	}
	if s.Damaged != "" {
		return fault.New(s.Damaged, "the file can be read with any text viewer").WithCode(fault.NeedsPerson)
	}
	a.printf("Run      %s\nProject  %s\nStatus   %s\nJournal  %s/journal.jsonl (%d lines, the chain is whole)\n\n",
		s.ID, a.oneLine(s.Root), statusWord(s), s.Dir, len(s.Lines()))
	for _, line := range s.Lines() {
		text := journalText(line)
		if text == "" {
			continue
		}
		parts := strings.Split(strings.TrimRight(a.clean(text), "\n"), "\n")
		a.printf("%s  %-13s %s\n", line.Time.Local().Format("2006-01-02 15:04:05"), line.Step, parts[0])
		for _, part := range parts[1:] {
			a.println(strings.Repeat(" ", 35) + part)
		}
	}
	return nil
}

// journalText is a journal line in words. A kind of line that a newer version
// writes is shown as it is.
func journalText(line steps.Line) string {
	switch line.Event {
	case "run_started":
		return "run started" + owner(line.Data)
	case "owner":
		return "gone on with" + owner(line.Data)
	case "step_started":
		return "started"
	case "step_done":
		return decoded(line.Data, func(d steps.StepDone) string {
			word := "done"
			if d.Proved {
				word = "proved again"
			}
			if d.Summary != "" {
				word += ": " + d.Summary
			}
			return fmt.Sprintf("%s (%s)", word, seconds(d.Elapsed.Round(time.Millisecond)))
		})
	case "step_failed":
		return decoded(line.Data, func(d steps.StepFailed) string { return "FAILED: " + d.Error })
	case "record":
		return recordText(line.Data)
	case "gate_answered":
		return decoded(line.Data, func(d struct {
			Gate   string       `json:"gate"`
			Answer steps.Answer `json:"answer"`
		},
		) string {
			return d.Gate + " answered: " + strings.TrimPrefix(answerText(steps.GateAnswered{Answer: d.Answer}), "> ")
		})
	case "undo_started":
		return "taking it back"
	case "undo_done":
		return "taken back"
	case "undo_failed":
		return decoded(line.Data, func(d steps.UndoFailed) string { return "COULD NOT BE TAKEN BACK: " + d.Error })
	case "run_finished":
		return decoded(line.Data, func(d steps.Result) string {
			text := fmt.Sprintf("run ended: %s (exit code %d)", strings.ReplaceAll(string(d.Status), "_", " "), d.Code)
			if d.Error != "" {
				text += "\n" + d.Error
			}
			return text
		})
	case "journal_repaired":
		return "a line that a crash cut short was taken off"
	}
	return line.Event + " " + string(line.Data)
}

func owner(data json.RawMessage) string {
	return decoded(data, func(d struct {
		Owner struct {
			Host string `json:"host"`
			PID  int    `json:"pid"`
		} `json:"owner"`
		Taken *struct {
			PID int `json:"pid"`
		} `json:"taken_over_from"`
	},
	) string {
		text := fmt.Sprintf(" by pid %d on %s", d.Owner.PID, d.Owner.Host)
		if d.Taken != nil {
			text += fmt.Sprintf(", after pid %d had died", d.Taken.PID)
		}
		return text
	})
}

func recordText(data json.RawMessage) string {
	var d struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(data, &d) != nil {
		return ""
	}
	if text := factText(d.Key, d.Value); text != "" {
		return "recorded " + d.Key + ":\n" + text
	}
	return "recorded " + d.Key
}
