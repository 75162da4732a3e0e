package main

// System calls that have the same number everywhere.
const (
	sysIoUringSetup = 425
	sysIoUringEnter = 426
	sysOpenTree     = 428
	sysMoveMount    = 429
	sysFsopen       = 430
	sysPidfdOpen    = 434
	sysClone3       = 435
	sysPidfdGetfd   = 438
	sysMountSetattr = 442
)
