/* data.c -- the program `data`: bring data sets in, check them, make them, look at them. Holds main; the only file of
 * this room that knows a terminal. The commands are in command_<name>.c. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "data/commands.h"

static volatile sig_atomic_t stop_signal;

/* The first one lets the command put its affairs in order; the second has its usual effect. */
static void raise_flag(int number)
{
    stop_signal = number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

static void listen_to_signals(void)
{
    struct sigaction action = { .sa_handler = raise_flag, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static NnStatus obey(const char *program, const DataArguments *a, NnErr *err)
{
    static NnStatus (*const commands[DATA_COMMANDS])(DataConsole *, const DataArguments *, NnErr *) = {
        [DATA_IMPORT] = data_command_import, [DATA_CHECK_SETS] = data_command_check,
        [DATA_STATS] = data_command_stats,   [DATA_FORGE_PHOTOS] = data_command_forge,
        [DATA_SHEET] = data_command_sheet,
    };
    DataConsole console = {
        .program = program, .out = stdout, .say = stderr, .terminal = isatty(STDERR_FILENO), .stop = &stop_signal
    };
    if (a->help) data_arguments_help(stdout, program, a->command);
    else if (a->version) puts("data (Locus) " LOCUS_VERSION);
    else return commands[a->command](&console, a, err);
    return NN_OK;
}

int main(int argc, char **argv)
{
    NnErr err = { 0 };
    DataArguments arguments;
    listen_to_signals();
    NnStatus s = data_arguments_parse(argc, argv, &arguments, &err);
    if (s == NN_OK) s = obey(argv[0], &arguments, &err);
    data_arguments_free(&arguments);
    if (s == NN_OK && (fflush(stdout) || ferror(stdout))) s = nn_fail(&err, NN_ERR_IO, "standard output: write failed");
    fflush(stdout);
    if (s != NN_OK) fprintf(stderr, "data: %s\n", err.msg);
    return s == NN_ERR_INTERRUPTED ? 128 + (int)stop_signal : nn_status_exit_code(s);
}
