package steps

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
)

// gates holds the open questions of a run.
type gates struct {
	mu      sync.Mutex
	waiting map[string]openGate
	away    bool // nobody is there to answer
}

type openGate struct {
	gate  Gate
	reply chan reply
}

type reply struct {
	answer Answer
	err    error
}

// answered is the journal's record of an answer. The digest ties it to the
// question: a question that has changed is asked again.
type answered struct {
	Gate   string `json:"gate"`
	Digest string `json:"digest"`
	Answer Answer `json:"answer"`
}

// open waits for an answer, or says that there is nobody to give one.
func (g *gates) open(gate Gate) (<-chan reply, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away {
		return nil, gate.abandoned()
	}
	o := openGate{gate: gate, reply: make(chan reply, 1)}
	g.waiting[gate.ID] = o
	return o.reply, nil
}

func (g *gates) close(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.waiting, id)
}

// answer delivers a valid answer; an invalid one leaves the gate open.
func (g *gates) answer(id string, a Answer) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, ok := g.waiting[id]
	if !ok {
		return fmt.Errorf("no gate %q is open", id)
	}
	if err := o.gate.Validate(a); err != nil {
		return err
	}
	o.reply <- reply{answer: a}
	delete(g.waiting, id)
	return nil
}

// decline ends the wait with an error: nobody will answer.
func (g *gates) decline(id string, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, ok := g.waiting[id]
	if !ok {
		return fmt.Errorf("no gate %q is open", id)
	}
	o.reply <- reply{err: err}
	delete(g.waiting, id)
	return nil
}

// leave says that nobody will answer any more. An open recovery question gets
// its default; every other one, open or to come, ends with an error, for a
// step of the cutover would wait for ever.
func (g *gates) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away = true
	for id, o := range g.waiting {
		if o.gate.Kind == GateRecovery {
			o.reply <- reply{answer: Answer{Choice: o.gate.DefaultChoice()}}
		} else {
			o.reply <- reply{err: o.gate.abandoned()}
		}
		delete(g.waiting, id)
	}
}

func (g Gate) abandoned() error {
	return g.unanswered("the run was told to stop, and nobody answers any more")
}

func (g Gate) digest() (string, error) {
	raw, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("encoding gate %s: %w", g.ID, err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}
