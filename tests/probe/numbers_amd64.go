package main

// System calls that the standard library has no names for.
const (
	sysShmget         = 29
	sysShmat          = 30
	sysShmctl         = 31
	sysMsgget         = 68
	sysMsgctl         = 71
	sysMqOpen         = 240
	sysMqUnlink       = 241
	sysKexecLoad      = 246
	sysNameToHandleAt = 303
	sysOpenByHandleAt = 304
	sysSetns          = 308
	sysProcessVMReadv = 310
	sysKcmp           = 312
	sysMemfdCreate    = 319
	sysBpf            = 321
	sysExecveat       = 322
	sysUserfaultfd    = 323
)
