package main

import (
	"testing"

	"bunnyhop/internal/backup/remote"
)

func TestLeftText(t *testing.T) {
	for want, c := range map[string]remote.Collected{
		"":                                   {},
		"what only it used goes in two days": {Young: 3},
		"2 objects, 4 B removed that no backup used":                                                    {Objects: 2, Bytes: 4},
		"what no backup uses goes later: somebody uploads right now, or did so until a short while ago": {Busy: true},
	} {
		if got := leftText(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
