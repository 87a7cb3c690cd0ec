package tui

import (
	"context"
	"io"

	"bunnyhop/steps"
)

func runAccessible(ctx context.Context, opts Options, in io.Reader, out io.Writer) (*steps.Result, error) {
	return nil, nil
}
