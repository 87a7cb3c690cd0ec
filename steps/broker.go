package steps

import (
	"slices"
	"sync"
)

// maxQueued is how many undelivered events a slow reader may have before
// output lines and progress are dropped.
const maxQueued = 512

// broker hands events to subscribers without ever waiting for them.
type broker struct {
	mu     sync.Mutex
	subs   []*subscriber
	closed bool
}

type subscriber struct {
	mu     sync.Mutex
	wake   chan struct{}
	queue  []Event
	closed bool
	out    chan Event
}

func (b *broker) subscribe() <-chan Event {
	s := &subscriber{wake: make(chan struct{}, 1), out: make(chan Event)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.out)
		return s.out
	}
	b.subs = append(b.subs, s)
	go s.pump()
	return s.out
}

func (b *broker) publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.subs {
		s.put(e)
	}
}

// close lets every subscriber drain its queue; then its channel is closed.
func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, s := range b.subs {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.signal()
	}
}

func (s *subscriber) put(e Event) {
	s.mu.Lock()
	switch e := e.(type) {
	case Progress:
		s.putProgress(e)
	case Output:
		if len(s.queue) < maxQueued {
			s.queue = append(s.queue, e)
		}
	default:
		s.queue = append(s.queue, e)
	}
	s.mu.Unlock()
	s.signal()
}

// putProgress keeps the newest progress of each thing only, for it is the one
// worth a look. It does not overtake the start or the end of a step.
func (s *subscriber) putProgress(e Progress) {
	for i, queued := range slices.Backward(s.queue) {
		if last, ok := queued.(Progress); ok {
			if last.Step == e.Step && last.Label == e.Label {
				s.queue[i] = e
				return
			}
		} else if _, ok := queued.(Output); !ok {
			break
		}
	}
	if len(s.queue) < maxQueued {
		s.queue = append(s.queue, e)
	}
}

func (s *subscriber) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) pump() {
	defer close(s.out)
	for range s.wake {
		for {
			s.mu.Lock()
			if len(s.queue) == 0 {
				closed := s.closed
				s.mu.Unlock()
				if closed {
					return
				}
				break
			}
			e := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			s.out <- e
		}
	}
}
