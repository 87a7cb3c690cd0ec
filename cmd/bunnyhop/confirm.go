package main

import (
	"bufio"
	"context"
	"strings"

	"bunnyhop/internal/fault"
	"bunnyhop/steps"
)

// confirm has a name typed for work that is no run: on a terminal it asks,
// elsewhere the flags answer, and --yes does not.
func (a *app) confirm(ctx context.Context, gate steps.Gate) error {
	answer := steps.Answer{Confirm: a.flags.confirm}
	front := a.front(false)
	if answer.Confirm == "" && (front == frontScreen || front == frontAsk) {
		a.printf("\n%s> ", a.clean(gateText(gate)))
		line, err := a.readLine(ctx)
		if err != nil {
			return err
		}
		answer.Confirm = line
	}
	return gate.Validate(answer)
}

// readLine reads what a person types. A signal ends the wait.
func (a *app) readLine(ctx context.Context) (string, error) {
	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		if scanner := bufio.NewScanner(a.stdin); scanner.Scan() {
			lines <- strings.TrimSpace(scanner.Text())
		}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case line, ok := <-lines:
		if !ok {
			return "", fault.New("the input ended while a question was open", "answer it in a terminal").WithCode(fault.Unanswered)
		}
		return line, nil
	}
}
