package steps

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// drain reads until the channel is closed.
func drain(events <-chan Event) []Event {
	var all []Event
	for event := range events {
		all = append(all, event)
	}
	return all
}

func TestSlowReaderLosesOutputAndProgressOnly(t *testing.T) {
	b := &broker{}
	events := b.subscribe()
	var want []string
	for i := range 5000 {
		step := fmt.Sprintf("step%d", i)
		b.publish(StepStarted{Step: step})
		b.publish(Progress{Step: step, Label: "a", Done: 1})
		b.publish(Output{Step: step, Line: "text"})
		b.publish(GateOpened{Step: step})
		b.publish(StepDone{Step: step})
		want = append(want, "step_started "+step, "gate_opened "+step, "step_done "+step)
	}
	b.publish(RunFinished{})
	want = append(want, "run_finished ")
	b.close()

	var got []string
	dropped := 10000
	for _, event := range drain(events) {
		switch e := event.(type) {
		case StepStarted:
			got = append(got, e.Kind()+" "+e.Step)
		case GateOpened:
			got = append(got, e.Kind()+" "+e.Step)
		case StepDone:
			got = append(got, e.Kind()+" "+e.Step)
		case RunFinished:
			got = append(got, e.Kind()+" ")
		default:
			dropped--
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d of %d endings and gates arrived, or out of order", len(got), len(want))
	}
	if dropped == 0 {
		t.Error("nothing was dropped: the queue has no bound")
	}
}

// Work on several things at once must not fill the memory of a run whose
// reader hangs.
func TestQueueOfAHangingReaderIsBounded(t *testing.T) {
	for name, event := range map[string]func(i int) Event{
		"output":          func(i int) Event { return Output{Line: fmt.Sprint(i)} },
		"progress":        func(i int) Event { return Progress{Label: "a", Done: int64(i)} },
		"mixed progress":  func(i int) Event { return Progress{Label: fmt.Sprint(i % 2), Done: int64(i)} },
		"many labels":     func(i int) Event { return Progress{Label: fmt.Sprint(i), Done: int64(i)} },
		"progress, lines": func(i int) Event { return []Event{Output{}, Progress{Label: "a", Done: int64(i)}}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			b := &broker{}
			events := b.subscribe()
			for i := range 20000 {
				b.publish(event(i))
			}
			b.publish(RunFinished{})
			b.close()
			all := drain(events)
			if len(all) > 2*maxQueued {
				t.Errorf("%d events were kept", len(all))
			}
			if _, ok := all[len(all)-1].(RunFinished); !ok {
				t.Errorf("the last event is %T", all[len(all)-1])
			}
		})
	}
}

// The newest progress is the one worth keeping.
func TestNewestProgressIsKept(t *testing.T) {
	b := &broker{}
	events := b.subscribe()
	for i := range 5000 {
		b.publish(Progress{Label: "a", Done: int64(i)})
		b.publish(Progress{Label: "b", Done: int64(i)})
	}
	b.close()
	last := map[string]int64{}
	for _, event := range drain(events) {
		p := event.(Progress)
		if p.Done < last[p.Label] {
			t.Fatalf("progress of %s went back from %d to %d", p.Label, last[p.Label], p.Done)
		}
		last[p.Label] = p.Done
	}
	if last["a"] != 4999 || last["b"] != 4999 {
		t.Errorf("last progress: %v", last)
	}
}

func TestEveryReaderGetsEverything(t *testing.T) {
	b := &broker{}
	var readers [3]<-chan Event
	for i := range readers {
		readers[i] = b.subscribe()
	}
	var reading sync.WaitGroup
	for i, events := range readers {
		reading.Go(func() {
			n := 0
			for range events {
				if n++; i == 1 && n%50 == 0 {
					time.Sleep(time.Millisecond) // a slow one
				}
			}
			if n != 401 {
				t.Errorf("reader %d got %d events", i, n)
			}
		})
	}
	var writing sync.WaitGroup
	for range 4 {
		writing.Go(func() {
			for range 100 {
				b.publish(StepDone{Step: "a"})
			}
		})
	}
	writing.Wait()
	b.publish(RunFinished{})
	b.close()
	reading.Wait()
}

// A reader that is gone does not hold the run up.
func TestPublishDoesNotWaitForReaders(t *testing.T) {
	b := &broker{}
	_ = b.subscribe()
	ended := make(chan struct{})
	go func() {
		for range 10000 {
			b.publish(StepDone{})
		}
		b.close()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("publish waits for a reader")
	}
}

func TestReaderOfAFinishedRunIsClosedAtOnce(t *testing.T) {
	b := &broker{}
	b.close()
	if all := drain(b.subscribe()); len(all) != 0 {
		t.Errorf("got %v", all)
	}
}
