cmake_minimum_required(VERSION 3.25) # else "@NAME@" is a variable to string()
# Puts a command's option list and the version into its page.
execute_process(COMMAND ${PROGRAM} help --man-options ${COMMAND} OUTPUT_VARIABLE OPTIONS
  COMMAND_ERROR_IS_FATAL ANY)
file(READ ${TEMPLATE} text)
string(REPLACE "@OPTIONS@\n" "${OPTIONS}" text "${text}")
string(REPLACE "@PROJECT_VERSION@" "${VERSION}" text "${text}")
file(WRITE ${PAGE} "${text}")
