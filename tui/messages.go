package tui

import "bunnyhop/steps"

// What comes from outside.
type (
	// homeMsg brings what Options.Load found.
	homeMsg struct {
		home Home
		err  error
	}
	// jobReadyMsg says that an engine was made; its events follow.
	jobReadyMsg struct{ kind JobKind }
	// jobRefusedMsg says that no engine could be made.
	jobRefusedMsg struct {
		job Job
		err error
	}
	// eventsMsg is what the running engine tells, in order.
	eventsMsg []steps.Event
	// jobEndedMsg says that the engine has ended and was closed.
	jobEndedMsg struct {
		result  steps.Result
		closing error
	}
	// answeredMsg says how the engine took an answer.
	answeredMsg struct {
		gate string
		err  error
	}
	// terminateMsg asks to leave as soon as the run has ended.
	terminateMsg struct{}
	// askQuitMsg is ctrl+c that came as a signal.
	askQuitMsg struct{}
	// crashedMsg says that the job's goroutine panicked.
	crashedMsg struct{}
)

// What screens ask the root for.
type (
	// startMsg asks to start a job.
	startMsg struct{ job Job }
	// openMsg asks to show a screen in place of the home screen.
	openMsg struct{ screen screen }
	// openBackupsMsg asks to show the project's backups.
	openBackupsMsg struct{}
	// askMsg asks to show a dialog; dropMsg closes it and says what follows.
	askMsg  struct{ dialog screen }
	dropMsg struct{ notice string }
	// backMsg asks to go back to the home screen.
	backMsg struct{}
	// reloadMsg asks to look at the project again.
	reloadMsg struct{}
	// leaveMsg asks to end the program.
	leaveMsg struct{}
	// closeMsg closes the dialog on top.
	closeMsg struct{}
	// stopMsg asks to stop the run; the person has confirmed it.
	stopMsg struct{}
	// leaveLaterMsg asks to leave once the run has ended by itself.
	leaveLaterMsg struct{}
	// noticeMsg is one line for the footer, until the next key.
	noticeMsg string
)
