package evidence

import (
	"context"
	"fmt"
	"sync"
)

// facts are answers by what is asked in words: "rows posts", "values
// posts.title", "unfit posts.title → integer". What is not there is 0.
type facts struct {
	numbers map[string]int64
	errors  map[string]error
	there   map[string]bool
	groups  map[string]map[string]int64
	fits    map[string]Fit
}

// fake answers from facts.
type fake struct {
	facts

	mu    sync.Mutex
	asked map[string]int
}

func (f *fake) note(ctx context.Context, format string, args ...any) (string, error) {
	question := fmt.Sprintf(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	f.asked[question]++
	if err := f.errors[question]; err != nil {
		return question, err
	}
	return question, ctx.Err()
}

func (f *fake) number(ctx context.Context, format string, args ...any) (int64, error) {
	question, err := f.note(ctx, format, args...)
	if err != nil {
		return 0, err
	}
	return f.numbers[question], nil
}

func (f *fake) Exists(ctx context.Context, collection, field string) (bool, error) {
	question, err := f.note(ctx, "exists %s.%s", collection, field)
	return f.there[question], err
}

func (f *fake) Rows(ctx context.Context, collection string) (int64, error) {
	return f.number(ctx, "rows %s", collection)
}

func (f *fake) NonNull(ctx context.Context, collection, field string) (int64, error) {
	return f.number(ctx, "values %s.%s", collection, field)
}

func (f *fake) Nulls(ctx context.Context, collection, field string) (int64, error) {
	return f.number(ctx, "nulls %s.%s", collection, field)
}

func (f *fake) Longest(ctx context.Context, collection, field string) (int64, error) {
	return f.number(ctx, "longest %s.%s", collection, field)
}

func (f *fake) Duplicates(ctx context.Context, collection, field string) (int64, error) {
	return f.number(ctx, "duplicates %s.%s", collection, field)
}

func (f *fake) Dangling(ctx context.Context, collection, field, related, relatedKey string) (int64, error) {
	return f.number(ctx, "dangling %s.%s → %s.%s", collection, field, related, relatedKey)
}

func (f *fake) Groups(ctx context.Context, collection, field string) (map[string]int64, error) {
	question, err := f.note(ctx, "groups %s.%s", collection, field)
	return f.groups[question], err
}

func (f *fake) Unfit(ctx context.Context, collection, field string, _, to Column) (Fit, error) {
	question, err := f.note(ctx, "unfit %s.%s → %s", collection, field, to)
	return f.fits[question], err
}
