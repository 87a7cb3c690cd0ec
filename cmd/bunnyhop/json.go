package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// jsonVersion is the version of what --json prints (docs/json.md). It grows
// when a field goes away or changes its meaning; new fields do not change it.
const jsonVersion = 1

// jsonLines shows a run as one JSON object a line.
type jsonLines struct{ app *app }

var _ reader = jsonLines{}

// Event implements reader. The end of the run is told by Result.
func (j jsonLines) Event(e steps.Event, now time.Time) {
	if _, end := e.(steps.RunFinished); end {
		return
	}
	j.app.writeEvent(e.Kind(), now, e)
}

// Tick implements reader: a program needs no heartbeat.
func (jsonLines) Tick(time.Time) {}

// noticeEvent is the one event that does not come from the engine.
type noticeEvent struct {
	Signal string `json:"signal"`
	Text   string `json:"text"`
}

// Notice implements reader.
func (j jsonLines) Notice(signal, text string, now time.Time) {
	j.app.writeEvent("notice", now, noticeEvent{signal, text})
}

// ResultEnd writes the last line.
func (j jsonLines) ResultEnd(result steps.Result) { j.app.writeJSON(resultDocument(j.app, result)) }

// writeEvent writes an object that begins with v, type and time and goes on
// with the event's own fields.
func (a *app) writeEvent(kind string, now time.Time, event any) {
	body := encodeJSON(event, "")
	head := encodeJSON(struct {
		V    int       `json:"v"`
		Type string    `json:"type"`
		Time time.Time `json:"time"`
	}{jsonVersion, kind, now.UTC()}, "")
	line := bytes.TrimSuffix(head, []byte("}"))
	if rest := bytes.TrimPrefix(body, []byte("{")); len(rest) > 1 {
		line = append(append(line, ','), rest...)
	} else {
		line = append(line, '}')
	}
	_, _ = a.output.Write(append(line, '\n'))
}

// document is a JSON object that says its type and version first.
type document struct {
	kind   string
	fields map[string]any
}

// resultFields are those of a flow's data that stand in every result.
var resultFields = []string{"from", "to", "backup", "downtime_seconds"}

// resultDocument is the last line of a long command. What is not known is
// null; fields that say why something failed are there only when it did.
func resultDocument(a *app, r steps.Result) document {
	fields := map[string]any{
		"status": r.Status, "flow": r.Flow, "run": r.Run, "project": r.Project, "exit_code": r.Code,
	}
	data := maps.Clone(r.Data)
	for _, name := range resultFields {
		fields[name] = data[name]
		delete(data, name)
	}
	if len(data) > 0 {
		fields["data"] = data
	}
	set := func(name, value string) {
		if value != "" {
			fields[name] = value
		}
	}
	set("step", r.Step)
	set("error", a.clean(r.Error))
	set("state", a.clean(r.State))
	set("hint", a.clean(a.withProject(r.Hint)))
	set("undo_error", a.clean(r.UndoError))
	if len(r.Manual) > 0 {
		fields["manual"] = r.Manual
	}
	return document{"result", fields}
}

// errorDocument tells an error of a command that made no run. Long commands
// end with a result in any case, short ones with an error.
func errorDocument(a *app, err error) document {
	fields := map[string]any{"error": a.clean(err.Error()), "exit_code": exitCode(err)}
	if state := a.clean(fault.StateOf(err)); state != "" {
		fields["state"] = state
	}
	if hint := a.clean(a.withProject(fault.HintOf(err))); hint != "" {
		fields["hint"] = hint
	}
	if a.long == "" {
		return document{"error", fields}
	}
	fields["status"], fields["flow"] = statusOfCode(exitCode(err)), a.long
	for _, name := range append([]string{"run", "project"}, resultFields...) {
		fields[name] = nil
	}
	return document{"result", fields}
}

func statusOfCode(code fault.Code) steps.Status {
	switch code {
	case fault.Blocked:
		return steps.Blocked
	case fault.Unanswered:
		return steps.Unanswered
	case fault.NeedsPerson:
		return steps.NeedsPerson
	case fault.Interrupted:
		return steps.Interrupted
	case fault.RolledBack:
		return steps.RolledBack
	case fault.Done, fault.Failed, fault.Usage, fault.Busy, fault.Differs:
	}
	return steps.Failed
}

// writeJSON writes a document. Long commands write it as one line, short ones
// so that it can be read.
func (a *app) writeJSON(d document) {
	indent := "  "
	if a.long != "" {
		indent = ""
	}
	head := fmt.Sprintf(`{"v":%d,"type":%q`, jsonVersion, d.kind)
	if a.long != "" {
		head += fmt.Sprintf(`,"time":%q`, time.Now().UTC().Format(time.RFC3339Nano))
	}
	body := encodeJSON(d.fields, "")
	line := []byte(head + "}")
	if len(d.fields) > 0 {
		line = append([]byte(head+","), body[1:]...)
	}
	if indent != "" {
		var pretty bytes.Buffer
		if json.Indent(&pretty, line, "", indent) == nil {
			line = pretty.Bytes()
		}
	}
	_, _ = a.output.Write(append(line, '\n'))
}

// encodeJSON marshals without the escapes that only HTML needs.
func encodeJSON(v any, indent string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return fmt.Appendf(nil, `{"error":%q}`, err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
