package evidence

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"bunnyhop/internal/progress"
)

type kind int

const (
	exists kind = iota
	rows
	nonNull
	nulls
	longest
	duplicates
	dangling
	groups
	unfit
)

// question is one for a source. Equal questions have equal answers.
type question struct {
	kind                kind
	collection, field   string
	related, relatedKey string
	from, to            Column
}

type answer struct {
	yes    bool
	number int64
	groups map[string]int64
	fit    Fit
	err    error
}

type answers map[question]answer

// asking answers from what is known, and gathers what is not.
type asking struct {
	answered answers
	open     map[question]bool
	order    []question
}

func (a *asking) ask(q question) (answer, bool) {
	found, ok := a.answered[q]
	if !ok && !a.open[q] {
		a.open[q] = true
		a.order = append(a.order, q)
	}
	return found, ok
}

// atOnce leaves a server, and the pool of connections, something for others.
const atOnce = 2

// ask puts questions to a source; done were answered before them.
func ask(ctx context.Context, source Source, open []question, done int, reporter progress.Reporter) (answers, error) {
	const label = "looking at the data behind the changes"
	found := make(answers, len(open))
	total := int64(done + len(open))
	reporter.Progress(label, progress.Steps, int64(done), total)
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, q := range open {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			a := q.put(ctx, source)
			mu.Lock()
			defer mu.Unlock()
			found[q] = a
			reporter.Progress(label, progress.Steps, int64(done+len(found)), total)
			return ctx.Err()
		})
	}
	return found, group.Wait()
}

func (q question) put(ctx context.Context, source Source) (a answer) {
	switch q.kind {
	case exists:
		a.yes, a.err = source.Exists(ctx, q.collection, q.field)
	case rows:
		a.number, a.err = source.Rows(ctx, q.collection)
	case nonNull:
		a.number, a.err = source.NonNull(ctx, q.collection, q.field)
	case nulls:
		a.number, a.err = source.Nulls(ctx, q.collection, q.field)
	case longest:
		a.number, a.err = source.Longest(ctx, q.collection, q.field)
	case duplicates:
		a.number, a.err = source.Duplicates(ctx, q.collection, q.field)
	case dangling:
		a.number, a.err = source.Dangling(ctx, q.collection, q.field, q.related, q.relatedKey)
	case groups:
		a.groups, a.err = source.Groups(ctx, q.collection, q.field)
	case unfit:
		a.fit, a.err = source.Unfit(ctx, q.collection, q.field, q.from, q.to)
	default:
		a.err = fmt.Errorf("no such question: %d", q.kind)
	}
	return a
}
