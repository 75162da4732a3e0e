package main

// System calls that the standard library has no names for.
const (
	sysShmget         = 194
	sysShmat          = 196
	sysShmctl         = 195
	sysMsgget         = 186
	sysMsgctl         = 187
	sysMqOpen         = 180
	sysMqUnlink       = 181
	sysKexecLoad      = 104
	sysNameToHandleAt = 264
	sysOpenByHandleAt = 265
	sysSetns          = 268
	sysProcessVMReadv = 270
	sysKcmp           = 272
	sysMemfdCreate    = 279
	sysBpf            = 280
	sysExecveat       = 281
	sysUserfaultfd    = 282
)
