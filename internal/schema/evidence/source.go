package evidence

import (
	"context"
	"errors"
)

// ErrCannotTell says that a source has no means to answer a question.
var ErrCannotTell = errors.New("cannot be told from here")

// Source answers questions about a project's data. It changes nothing. Its
// methods may be used by several goroutines. A number that could not be read
// is an error, never 0.
type Source interface {
	// Exists tells whether the database has a table, or with a field a column,
	// whether or not Directus tracks it.
	Exists(ctx context.Context, collection, field string) (bool, error)
	// Rows counts a table's rows.
	Rows(ctx context.Context, collection string) (int64, error)
	// NonNull counts the rows with a value.
	NonNull(ctx context.Context, collection, field string) (int64, error)
	// Nulls counts the rows without one.
	Nulls(ctx context.Context, collection, field string) (int64, error)
	// Longest is the number of characters of the longest value, 0 without any.
	Longest(ctx context.Context, collection, field string) (int64, error)
	// Duplicates counts the values that repeat one that another row has, as an
	// index of the column would find them.
	Duplicates(ctx context.Context, collection, field string) (int64, error)
	// Dangling counts the values without a row that they point at.
	Dangling(ctx context.Context, collection, field, related, relatedKey string) (int64, error)
	// Groups counts the rows by the text of a value; null is "".
	Groups(ctx context.Context, collection, field string) (map[string]int64, error)
	// Unfit tells which values would not stay what they are in another column.
	Unfit(ctx context.Context, collection, field string, from, to Column) (Fit, error)
}

// Fit is how values fit another column.
type Fit struct {
	// Unfit is the number of values that would be refused, cut or changed.
	Unfit int64
	// AtLeast: there are so many, and perhaps more.
	AtLeast bool
	// Never: the database turns no value of the one type into the other.
	Never bool
}
