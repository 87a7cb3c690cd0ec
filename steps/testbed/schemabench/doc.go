// Package schemabench measures how fast a large data model is compared: by
// this program, by a running Directus (POST /schema/diff) and by directus-sync
// from npm, with the same two models and in one run. It holds a benchmark and
// nothing else:
//
//	go test -run xxx -bench . -benchtime 5x -timeout 60m ./steps/testbed/schemabench
//
// A round is one measurement of each; the medians of all rounds are reported.
package schemabench
